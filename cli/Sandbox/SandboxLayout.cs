using System.Net;
using Ambient.Cli.Sandbox.Applications;
using Ambient.Cli.Sandbox.Model;

namespace Ambient.Cli.Sandbox;

/// <summary>What the sandbox is made of: two nodes, three services, seven pods. Immutable.</summary>
internal static class SandboxLayout
{
    /// <summary>Names of the nodes.</summary>
    public static readonly string[] Nodes = ["node1", "node2"];

    /// <summary>Two web servers of different versions.</summary>
    public static readonly ServicePlan Web = new("web", "shop", IPAddress.Parse("10.96.0.10"), IPAddress.Parse("fd09:96::10"), 80, 8080);

    /// <summary>A Redis.</summary>
    public static readonly ServicePlan Cache = new("redis", "data", IPAddress.Parse("10.96.0.20"), IPAddress.Parse("fd09:96::20"), 6379, 6379);

    /// <summary>A PostgreSQL.</summary>
    public static readonly ServicePlan Database = new("postgres", "data", IPAddress.Parse("10.96.0.30"), IPAddress.Parse("fd09:96::30"), 5432, 5432);

    /// <summary>The one who asks.</summary>
    public static readonly PodPlan Client = new("client", "shop", "client", "node1");

    /// <summary>Somebody of another namespace.</summary>
    public static readonly PodPlan Batch = new("batch", "jobs", "batch", "node1");

    /// <summary>The web server on the client's own node.</summary>
    public static readonly PodPlan WebV1 = new("web-v1", "shop", "web", "node1") { Labels = PodPlan.Of("web", "v1"), Application = new WebServer("v1") };

    /// <summary>The web server on the other node.</summary>
    public static readonly PodPlan WebV2 = new("web-v2", "shop", "web", "node2") { Labels = PodPlan.Of("web", "v2"), Application = new WebServer("v2") };

    /// <summary>Redis.</summary>
    public static readonly PodPlan Redis = new("redis", "data", "redis", "node2") { Application = new RedisServer() };

    /// <summary>PostgreSQL.</summary>
    public static readonly PodPlan Postgres = new("postgres", "data", "postgres", "node2") { Application = new PostgresServer("postgres") };

    /// <summary>A pod outside the mesh.</summary>
    public static readonly PodPlan Outsider = new("outsider", "outside", "default", "node2") { IsMeshed = false };

    /// <summary>All services.</summary>
    public static readonly ServicePlan[] Services = [Web, Cache, Database];

    /// <summary>All pods.</summary>
    public static readonly PodPlan[] Pods = [Client, Batch, WebV1, WebV2, Redis, Postgres, Outsider];
}

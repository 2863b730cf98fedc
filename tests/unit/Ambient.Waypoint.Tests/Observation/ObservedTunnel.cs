using System.Buffers;
using System.Text;
using System.Text.Json;
using Ambient.Mesh.Addresses;
using Ambient.Mesh.Identities;
using Ambient.Mesh.Services;
using Ambient.Mesh.Views;
using Ambient.Mesh.Workloads;
using Ambient.Protocol.L7;
using Ambient.Routing.Access;
using Ambient.Routing.Messages;
using Ambient.Routing.Routes;
using Ambient.Routing.Tokens;
using Ambient.Telemetry.Logging;
using Ambient.Telemetry.Metrics;
using Ambient.Waypoint.Configuration;
using Ambient.Waypoint.Forwarding;
using Ambient.Waypoint.Observation;
using Ambient.Waypoint.Observation.Export;
using Ambient.Waypoint.Observation.Logs;
using Ambient.Waypoint.Settings;
using Ambient.Waypoint.Tunnels;

namespace Ambient.Waypoint.Tests.Observation;

/// <summary>A tunnel that nothing comes through: its requests are told as if they had been answered.</summary>
internal sealed class ObservedTunnel : IAsyncDisposable
{
    public static readonly NamespacedHostname Service = new("apps", "reviews.apps.svc.cluster.local");

    private static readonly Workload Endpoint = new(new WorkloadSpec { Uid = "c//Pod/apps/reviews-1", Name = "reviews-1", Namespace = "apps", TrustDomain = "cluster.local", ServiceAccount = "reviews", WorkloadName = "reviews-v2", CanonicalName = "reviews", CanonicalRevision = "v2", ClusterId = "c2" });

    private readonly LogHub _logs = LogHub.Discarding();
    private readonly EventLoop.EventLoop _loop = new("observed", new EventLoop.EventLoopOptions());
    private readonly WaypointShared _shared;

    public ObservedTunnel()
    {
        WaypointOptions options = new() { Identity = new SpiffeId("cluster.local", "apps", "waypoint") };
        Metrics = new MetricRegistry();
        _shared = new WaypointShared
        {
            Options = options,
            Mesh = new MeshState(),
            Clock = TimeProvider.System,
            Metrics = new RequestMetrics(Metrics),
            Exporters = new Exporters(options, Metrics, _logs.For("x"), TimeProvider.System),
            Log = _logs.For("x"),
        };
        _ = PortTable.TryCompile(new PortRoutes { Port = 9080, Protocol = PortProtocol.Http }, out PortTable? table, out _);
        ServedPort served = new(table!, new AccessProgram([], new AccessContext(["cluster.local"], IsHttp: true)), new AccessProgram([], new AccessContext(["cluster.local"], IsHttp: false)), new TokenProgram([])) { Service = Service };
        _ = IpPort.TryParse("10.0.0.7:41000", out IpPort source);
        _ = IpPort.TryParse("10.96.0.1:9080", out IpPort target);
        Tunnel = new InboundTunnel(new WaypointLoop(_loop, 0, _shared), [], served, source, target, "10.96.0.1:9080", new SpiffeId("cluster.local", "shop", "front"));
        Head = new RequestHead { Method = "GET", Authority = "reviews:9080" };
        Head.SetTarget("/reviews/0?a=b");
        Head.Fields.Add("user-agent", "curl \"7\"");
        Head.Fields.Add("x-request-id", "12345678-0000-4000-8000-000000000000");
    }

    public MetricRegistry Metrics { get; }

    public InboundTunnel Tunnel { get; }

    public RequestHead Head { get; }

    /// <summary>Puts settings in force.</summary>
    public void Configure(TelemetryProfile profile, params TelemetryProvider[] providers)
    {
        WaypointSettings settings = new() { Telemetry = new TelemetrySettings { Profiles = { profile }, Providers = { providers } } };
        _shared.Configuration = WaypointConfiguration.Empty with { Settings = settings };
    }

    /// <summary>A request that was answered.</summary>
    public RequestRecord Answered(int status = 200)
    {
        RequestRecord record = new() { Started = 0, StartTime = new DateTimeOffset(2026, 3, 4, 5, 6, 7, 89, TimeSpan.Zero) };
        record.Take(Head);
        record.Status = status;
        record.RequestId = "12345678-0000-4000-8000-000000000000";
        record.Service = Service;
        record.Endpoint = Endpoint;
        record.UpstreamHost = "10.0.0.9:9080";
        record.Cluster = "inbound-vip|9080|http/|reviews.apps.svc.cluster.local";
        record.RouteName = "default";
        record.UpstreamTime = 3;
        record.BytesReceived = 10;
        record.BytesSent = 200;
        return record;
    }

    /// <summary>The line of a format for a request.</summary>
    public string Line(LogFormatter formatter, RequestRecord record)
    {
        ArrayBufferWriter<byte> line = new();
        Utf8JsonWriter? json = null;
        formatter.Write(new ObservedRequest(Tunnel).Fill(record, 12, null), line, ref json);
        return Encoding.UTF8.GetString(line.WrittenSpan);
    }

    public async ValueTask DisposeAsync()
    {
        await _shared.Exporters.DisposeAsync();
        _loop.Dispose();
        _logs.Dispose();
    }
}

using Ambient.Benchmarks.Network;

namespace Ambient.Benchmarks.Subjects;

/// <summary>One process of a subject: where it runs, what it runs, with which environment.</summary>
internal sealed record ProcessSpec(string Namespace, IReadOnlyList<string> Command, IReadOnlyDictionary<string, string> Environment);

/// <summary>What a subject needs to write its configuration.</summary>
internal sealed record SubjectContext(BenchNetwork Network, BenchCertificates Certificates, string Directory, string ZtunnelPath)
{
    /// <summary>The waypoint executable.</summary>
    public string WaypointPath { get; init; } = "";

    /// <summary>Port of the server behind the proxies.</summary>
    public int TargetPort { get; init; } = 9000;

    /// <summary>Whether a new connection must mean a new TLS session (the handshake workload).</summary>
    public bool FreshSessions { get; init; }

    /// <summary>Number of synthetic workloads to load (the footprint workload).</summary>
    public int Workloads { get; init; }
}

/// <summary>Something to measure: a pair of proxies, or nothing at all.</summary>
internal abstract class Subject
{
    /// <summary>Name in tables and JSON.</summary>
    public abstract string Name { get; }

    /// <summary>Measured only when named.</summary>
    public virtual bool IsOptional => false;

    /// <summary>The address that the load generator connects to.</summary>
    public abstract string Entry(SubjectContext context);

    /// <summary>Processes to start, the server side first.</summary>
    public abstract IReadOnlyList<ProcessSpec> Processes(SubjectContext context);

    /// <summary>Prepares what is outside the processes, such as redirection; undone by disposing the result.</summary>
    public virtual IDisposable? Prepare(SubjectContext context) => null;

    private protected static readonly IReadOnlyDictionary<string, string> NoEnvironment = new Dictionary<string, string>();
}

namespace Ambient.ControlPlane.Discovery.Indexing;

/// <summary>What a piece of the result is computed from.</summary>
internal enum SourceKind
{
    /// <summary>A pod: its workload.</summary>
    Pod,

    /// <summary>A WorkloadEntry: its workload.</summary>
    WorkloadEntry,

    /// <summary>A ServiceEntry: the workloads of its endpoints.</summary>
    ServiceEntry,

    /// <summary>An EndpointSlice: the workloads of endpoints that are no pods.</summary>
    EndpointSlice,

    /// <summary>A host name: the services that claim it. The key's name is the host.</summary>
    Host,

    /// <summary>An AuthorizationPolicy.</summary>
    Policy,

    /// <summary>A PeerAuthentication with ports of its own.</summary>
    PeerAuthentication,

    /// <summary>What a Service is told about its waypoint.</summary>
    ServiceBinding,

    /// <summary>What a ServiceEntry is told about its waypoint.</summary>
    ServiceEntryBinding,

    /// <summary>What a WorkloadEntry is told about its waypoint.</summary>
    WorkloadEntryBinding,

    /// <summary>What an AuthorizationPolicy is told about who enforces it.</summary>
    PolicyBinding,

    /// <summary>What a PeerAuthentication is told about who enforces it.</summary>
    PeerBinding,

    /// <summary>A Gateway that leads into another network.</summary>
    NetworkGateway,

    /// <summary>The one policy that denies plaintext.</summary>
    StaticStrict,

    /// <summary>A policy that refuses what goes around a waypoint.</summary>
    WaypointRefusal,
}

using Ambient.Telemetry.Logging;

namespace Ambient.Telemetry.AccessLogs;

/// <summary>What the access log says about one connection (reference 10.4). Null and absent values are left out of the line.</summary>
public readonly ref struct AccessLogEntry
{
    /// <summary>Outbound: the application's address; inbound: the peer's.</summary>
    public LogAddress Source { get; init; }

    /// <summary>Name of the source workload, else its canonical name.</summary>
    public string? SourceWorkload { get; init; }

    /// <summary>Namespace of the source workload.</summary>
    public string? SourceNamespace { get; init; }

    /// <summary>SPIFFE id of the source; only with mutual TLS.</summary>
    public string? SourceIdentity { get; init; }

    /// <summary>Cluster of the source workload.</summary>
    public string? SourceCluster { get; init; }

    /// <summary>Outbound: the address really dialled; inbound: the pod's address that was reached.</summary>
    public LogAddress Destination { get; init; }

    /// <summary>Authority of the CONNECT request; HBONE only.</summary>
    public string? HboneAuthority { get; init; }

    /// <summary>Host name of the intended service.</summary>
    public string? DestinationService { get; init; }

    /// <summary>Name of the destination workload, else its canonical name.</summary>
    public string? DestinationWorkload { get; init; }

    /// <summary>Namespace of the destination workload.</summary>
    public string? DestinationNamespace { get; init; }

    /// <summary>SPIFFE id of the destination; only with mutual TLS.</summary>
    public string? DestinationIdentity { get; init; }

    /// <summary>Cluster of the destination workload.</summary>
    public string? DestinationCluster { get; init; }

    /// <summary>Whether the connection left the pod (else it entered it).</summary>
    public bool IsOutbound { get; init; }

    /// <summary>Outbound: bytes the application sent; inbound: bytes the application answered.</summary>
    public long BytesSent { get; init; }

    /// <summary>The other direction.</summary>
    public long BytesReceived { get; init; }

    /// <summary>Life of the connection in milliseconds.</summary>
    public long DurationMilliseconds { get; init; }

    /// <summary>Why it failed; null on success.</summary>
    public string? Error { get; init; }
}

using Ambient.Grpc.Client;
using Ambient.Protocol.Envoy.Discovery;
using Ambient.Xds.Snapshots;

namespace Ambient.Xds.Client;

/// <summary>How <see cref="AdsClient"/> works. Immutable.</summary>
public sealed record AdsClientOptions
{
    /// <summary>Makes the channel for one connection; called for each, so that roots and tokens are read anew.</summary>
    public required Func<GrpcChannel> MakeChannel { get; init; }

    /// <summary>Who we are; sent in first requests.</summary>
    public required Node Node { get; init; }

    /// <summary>XDS_ON_DEMAND: addresses are asked for one by one.</summary>
    public bool OnDemand { get; init; }

    /// <summary>
    /// The type by which a control plane says that it sends this client the addresses that it needs instead of all; one that does not know the type sends all. Null: all are wanted.
    /// </summary>
    public string? NeedsType { get; init; }

    /// <summary>Whether policies are wanted.</summary>
    public bool Policies { get; init; } = true;

    /// <summary>How long someone waits for an address that was asked for; then it counts as unknown.</summary>
    public TimeSpan OnDemandLimit { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The wait that backoff starts from.</summary>
    public TimeSpan FirstBackoff { get; init; } = TimeSpan.FromMilliseconds(10);

    /// <summary>The longest wait.</summary>
    public TimeSpan MaxBackoff { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>The random part of waits after failures, as a share that is taken off.</summary>
    public double Jitter { get; init; } = 0.3;

    /// <summary>Who takes further types; they are subscribed to whole.</summary>
    public IReadOnlyList<IResourceSink> Sinks { get; init; } = [];

    /// <summary>Keeps the last state on disk; null keeps none. The client's from now on, until it has ended.</summary>
    public ResourceSnapshot? Snapshot { get; init; }

    /// <summary>Told what happens.</summary>
    public AdsObserver Observer { get; init; } = new();
}

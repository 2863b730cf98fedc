using Ambient.Grpc.Server;
using Ambient.Mesh.Identities;
using Ambient.Protocol.Envoy.Discovery;

namespace Ambient.Xds.Server.Serving;

/// <summary>How an <see cref="XdsServer"/> works. Immutable.</summary>
public sealed record XdsServerOptions
{
    /// <summary>Who calls, before anything of the call is read; throws a GrpcException with Unauthenticated for a stranger.</summary>
    public required Func<GrpcServerCall, CancellationToken, ValueTask<XdsCaller>> Authenticate { get; init; }

    /// <summary>Whose resources of owned types a caller may have, by who it has shown to be and what it says it is; null: nobody's.</summary>
    public Func<IReadOnlyList<SpiffeId>, Node, string?> Owner { get; init; } = static (_, _) => null;

    /// <summary>Whether the store is complete; before, clients are told to come again.</summary>
    public Func<bool> IsReady { get; init; } = static () => true;

    /// <summary>Changes are told once there was none for this long …</summary>
    public TimeSpan Quiet { get; init; } = TimeSpan.FromMilliseconds(10);

    /// <summary>… or once the first of them waited for this long.</summary>
    public TimeSpan MaxDelay { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>The most streams at a time; further ones are told to come again.</summary>
    public int MaxClients { get; init; } = 20_000;

    /// <summary>The most streams of one pod: a proxy needs one, and a second while it connects anew.</summary>
    public int MaxStreamsOfPod { get; init; } = 16;

    /// <summary>The most streams of an identity whose callers do not show in which pod they run.</summary>
    public int MaxStreamsOfIdentity { get; init; } = 500;

    /// <summary>How many new streams are served in a second, and at once; the others wait for their turn …</summary>
    public int StreamsPerSecond { get; init; } = 500;

    /// <summary>… for so long at most; then they are told to come again.</summary>
    public TimeSpan LongestTurn { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The most names one client may subscribe to.</summary>
    public int MaxNames { get; init; } = 250_000;

    /// <summary>The most names that all clients together may subscribe to.</summary>
    public long MaxNamesOfAll { get; init; } = 5_000_000;

    /// <summary>The largest response, in bytes; more is sent in several.</summary>
    public int MaxResponseBytes { get; init; } = 128 * 1024 * 1024;

    /// <summary>Told what happens.</summary>
    public XdsServerObserver Observer { get; init; } = new();
}

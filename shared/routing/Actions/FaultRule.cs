using Ambient.Protocol.L7;

namespace Ambient.Routing.Actions;

/// <summary>An injected fault; shares are parts per million (waypoint reference 2.1.4). Immutable.</summary>
public sealed class FaultRule
{
    private readonly Fault _source;

    internal FaultRule(Fault source) => _source = source;

    /// <summary>How long a delayed request waits.</summary>
    public TimeSpan Delay => TimeSpan.FromMilliseconds(_source.DelayMs);

    /// <summary>The status of an aborted request: of HTTP, or of gRPC.</summary>
    public int AbortStatus => (int)_source.AbortStatus;

    /// <summary>Whether the status is one of gRPC.</summary>
    public bool IsGrpc => _source.AbortIsGrpc;

    /// <summary>Whether this request is delayed, for a random number from [0, 1).</summary>
    public bool Delays(double random) => _source.DelayMs > 0 && random * 1_000_000 < _source.DelayShare;

    /// <summary>Whether this request is aborted, for a random number from [0, 1).</summary>
    public bool Aborts(double random) => (_source.AbortStatus > 0 || _source.AbortIsGrpc) && random * 1_000_000 < _source.AbortShare;
}

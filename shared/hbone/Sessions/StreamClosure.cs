using Ambient.Hbone.Frames;
using Ambient.Mesh.Connections;

namespace Ambient.Hbone.Sessions;

/// <summary>How a stream ended. Immutable.</summary>
/// <param name="Reason">Why; <see cref="CloseReason.Completed"/> when both directions ended as they should.</param>
/// <param name="Code">HTTP/2 code of a reset, ours or the peer's.</param>
/// <param name="ByPeer">Whether the peer ended it.</param>
/// <param name="HttpStatus">The status of a refused CONNECT, else 0.</param>
/// <param name="Detail">What happened, for the log.</param>
public readonly record struct StreamClosure(CloseReason Reason, Http2Error Code, bool ByPeer, int HttpStatus, string? Detail)
{
    /// <summary>Whether the peer's direction had ended before and is written: a reset of the local side would take those bytes away again.</summary>
    public bool IsRemoteComplete { get; init; }

    /// <summary>Whether both directions ended as they should.</summary>
    public bool Clean => Reason == CloseReason.Completed;
}

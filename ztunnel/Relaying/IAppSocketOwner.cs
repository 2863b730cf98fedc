using Ambient.EventLoop;

namespace Ambient.Ztunnel.Relaying;

/// <summary>Who is told about a socket's readiness. Loop-affine.</summary>
internal interface IAppSocketOwner
{
    /// <summary>Readiness changed (edge-triggered).</summary>
    void OnSocketEvents(AppSocket socket, PollEvents events);
}

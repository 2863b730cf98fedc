using Ambient.EventLoop;

namespace Ambient.Hbone.Sockets;

/// <summary>Who is told about a socket's readiness. Loop-affine.</summary>
public interface IAppSocketOwner
{
    /// <summary>Readiness changed (edge-triggered).</summary>
    void OnSocketEvents(AppSocket socket, PollEvents events);
}

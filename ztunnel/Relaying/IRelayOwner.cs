using Ambient.Mesh.Connections;

namespace Ambient.Ztunnel.Relaying;

/// <summary>Who is told about the bytes and the end of a plain relay. Loop-affine.</summary>
internal interface IRelayOwner
{
    /// <summary>Bytes were written to the server's side.</summary>
    void OnToServer(long bytes);

    /// <summary>Bytes were written to the client's side.</summary>
    void OnToClient(long bytes);

    /// <summary>Both sockets are closed.</summary>
    void OnRelayEnded(CloseReason reason, string? detail);
}

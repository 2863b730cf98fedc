using Ambient.Linux.Sockets;

namespace Ambient.Ztunnel.Accepting;

/// <summary>Takes accepted sockets. Loop-affine; the descriptor belongs to the callee.</summary>
internal delegate void AcceptedSocket(int fd, SocketAddress peer);

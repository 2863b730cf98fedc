using Ambient.Linux;
using Ambient.Linux.Sockets;
using Ambient.Mesh.Addresses;
using Ambient.Ztunnel.Proxying;
using Ambient.Ztunnel.Relaying;

namespace Ambient.Ztunnel.Inbound;

/// <summary>Connects to the pod's application, from the caller's own address where that is possible (ztunnel.md 3.12).</summary>
internal static class PodDialer
{
    /// <summary>A socket whose connect was begun; <paramref name="connect"/> is what connect said.</summary>
    public static SysResult Connect(PodLoop pod, IpPort target, IpPort? caller, out SysResult connect)
    {
        connect = default;
        SocketAddress destination = target.ToSocket();
        SocketAddress? source = null;

        // A pod that calls itself through its Service would see its own address twice; binding would confuse it.
        if (pod.PreserveSource && caller is { } from && from.Address != target.Address && from.Address.IsSameFamily(target.Address))
        {
            source = from.WithPort(0).ToSocket();
        }

        SysResult socket = pod.Sockets.OpenStream(destination.IsIPv4, source, out SysResult spoofing);
        if (!socket.IsError)
        {
            if (spoofing.IsError)
            {
                pod.WarnOfLostSource(spoofing);
            }

            connect = SocketIo.Connect((int)socket.Value, destination);
        }

        return socket;
    }
}

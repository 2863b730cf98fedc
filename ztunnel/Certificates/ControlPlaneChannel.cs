using System.Net.Sockets;
using Ambient.Grpc.Client;
using Ambient.Identity.Client;
using Ambient.Ztunnel.Settings;

namespace Ambient.Ztunnel.Certificates;

/// <summary>Settings of a control plane connection in the terms of the gRPC client. Stateless.</summary>
internal static class ControlPlaneChannel
{
    private const int SolSocket = 1;
    private const int SoMark = 36;

    internal static GrpcChannelOptions Options(ControlPlaneSettings settings, ZtunnelSettings all)
    {
        var headers = new CallHeaders(all.Token, all.ClusterId, settings.Headers);
        return new GrpcChannelOptions
        {
            Address = settings.Address ?? throw new ArgumentException("The connection is switched off.", nameof(settings)),
            Roots = Roots(settings.Roots),
            AlternativeName = settings.AlternativeHostname,
            Headers = headers.ReadAsync,
            PrepareSocket = all is { Mode: ProxyMode.Dedicated, IsProxyEnabled: true, PacketMark: not 0 } ? socket => Mark(socket, all.PacketMark) : null,
        };
    }

    /// <summary>In dedicated mode the pod's capture is around ourselves, too: without the mark we would catch our own connections, before we could serve them.</summary>
    /// <exception cref="SocketException">It needs CAP_NET_ADMIN.</exception>
    private static void Mark(Socket socket, uint mark)
    {
        try
        {
            socket.SetRawSocketOption(SolSocket, SoMark, BitConverter.GetBytes(mark));
        }
        catch (SocketException refused)
        {
            throw new SocketException(refused.ErrorCode, $"PACKET_MARK cannot be set, which needs CAP_NET_ADMIN: {refused.Message}");
        }
    }

    private static ServerRoots Roots(RootSource source) => source.Kind switch
    {
        RootSourceKind.System => ServerRoots.System(),
        RootSourceKind.Inline => ServerRoots.FromPem(source.Value),
        _ => ServerRoots.FromFile(source.Value),
    };
}

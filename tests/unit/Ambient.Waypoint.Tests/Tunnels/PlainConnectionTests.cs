using System.Net;
using System.Net.Sockets;
using Ambient.Linux.Sockets;
using Ambient.Protocol.L7;
using Ambient.Waypoint.Tests.Forwarding;
using Ambient.Waypoint.Tunnels;
using SocketAddress = Ambient.Linux.Sockets.SocketAddress;

namespace Ambient.Waypoint.Tests.Tunnels;

/// <summary>Clients that come without a tunnel.</summary>
public sealed class PlainConnectionTests
{
    [Fact]
    public void ClientWhoseEndpointCannotBeDialled_IsResetAtOnce()
    {
        using LocalWaypoint waypoint = new();
        waypoint.Configure(protocol: PortProtocol.Tcp);
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        using Socket client = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveTimeout = 20_000 };
        client.Connect(listener.LocalEndpoint);
        int accepted = (int)SocketIo.Accept((int)listener.Server.Handle, out SocketAddress peer).OrThrow("accept", "connection");
        int watched = waypoint.Loop.Loop.HandlerCount;
        PlainConnection.Begin(waypoint.Loop, accepted, peer, new Listener { Namespace = "bench", Hostname = "cart.bench.svc.cluster.local", ServicePort = 80 });
        Assert.Equal(1, waypoint.Dialer.Dialled);
        Assert.Empty(waypoint.Loop.Plain);
        Assert.Equal(watched, waypoint.Loop.Loop.HandlerCount);
        Assert.Equal(SocketError.ConnectionReset, Assert.Throws<SocketException>(() => client.Receive(new byte[1])).SocketErrorCode);
    }
}

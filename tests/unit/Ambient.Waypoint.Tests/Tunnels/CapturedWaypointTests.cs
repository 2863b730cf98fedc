using System.Net;
using System.Net.Sockets;
using System.Text;
using Ambient.Linux.Sockets;
using Ambient.Mesh.Addresses;
using Ambient.Mesh.Connections;
using Ambient.Mesh.Identities;
using Ambient.Mesh.Services;
using Ambient.Mesh.Views;
using Ambient.Mesh.Workloads;
using Ambient.Testing.Clocks;
using Ambient.Waypoint.Balancing;
using Ambient.Waypoint.Pipes;
using Ambient.Waypoint.Tests.Forwarding;
using Ambient.Waypoint.Tunnels;
using SocketAddress = Ambient.Linux.Sockets.SocketAddress;

namespace Ambient.Waypoint.Tests.Tunnels;

/// <summary>A waypoint whose pod's ztunnel makes the tunnels in both directions: what it dials once that is not so any more, and whom it hears of before their service.</summary>
public sealed class CapturedWaypointTests : IDisposable
{
    private const ushort Binding = 15088;
    private static readonly SpiffeId Identity = new("cluster.local", "bench", "cart");
    private readonly ManualTime _time = new();
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly LocalWaypoint _waypoint;

    public CapturedWaypointTests()
    {
        _waypoint = new LocalWaypoint(time: _time);
        _listener.Start();
        Tell(Own());
        Assert.Equal(Binding, _waypoint.Shared.DecideCapture());
    }

    private IpPort Place => IpPort.Parse(_listener.LocalEndpoint.ToString()!);

    public void Dispose()
    {
        _waypoint.Dispose();
        _listener.Dispose();
    }

    [Fact]
    public void EndpointOfTheMesh_IsDialledInPlainText_WhileTheZtunnelMakesTheTunnel()
    {
        Assert.Null(Dial(Identity));
        Assert.True(_listener.Pending());
    }

    [Theory]
    [InlineData("no HBONE")]
    [InlineData("a tunnel of its own")]
    [InlineData("no binding")]
    [InlineData("no header")]
    [InlineData("another port")]
    [InlineData("another pod")]
    [InlineData("nothing")]
    public void EndpointOfTheMesh_IsNotDialled_OnceThePodHasLeft(string now)
    {
        Tell(now switch
        {
            "no HBONE" => Own(static spec => spec.Protocol = TunnelProtocol.None),
            "a tunnel of its own" => Own(static spec => spec.NativeTunnel = true),
            "no binding" => Own(static spec => spec.ApplicationTunnel = null),
            "no header" => Own(static spec => spec.ApplicationTunnel = new ApplicationTunnel(ApplicationTunnelProtocol.None, Binding)),
            "another port" => Own(static spec => spec.ApplicationTunnel = new ApplicationTunnel(ApplicationTunnelProtocol.Proxy, Binding + 1)),
            "another pod" => Own(static spec => spec.ServiceAccount = "other"),
            _ => null,
        });
        Assert.Equal("nobody tunnels for this pod any more", Dial(Identity));
        Assert.False(_listener.Pending());
        Assert.Equal(Binding, _waypoint.Loop.CapturedPort);

        // Whoever is outside of the mesh is spoken to as before, and the mesh as well when the pod is back.
        Assert.Null(Dial(null));
        using Socket outside = _listener.AcceptSocket();
        Tell(Own());
        Assert.Null(Dial(Identity));
        Assert.True(_listener.Pending());
    }

    /// <summary>All replicas have the same identity, and the pod that has left is one of them.</summary>
    [Fact]
    public void OwnPod_IsTheOneAtTheOwnAddress_AndNoOtherReplica()
    {
        OwnPlace place = new(_waypoint.Loop.Identity, "", IpAddress.Parse("10.0.0.9"));
        Assert.Equal("uid-own", place.FindOwn(_waypoint.Loop.View)!.Uid);
        Tell(Own(static spec => Move(spec, "10.0.0.8")));
        Assert.Null(place.FindOwn(_waypoint.Loop.View));
        Assert.NotNull(place.Find(_waypoint.Loop.View));
        Tell(Own(static spec => spec.ServiceAccount = "other"));
        Assert.Null(place.FindOwn(_waypoint.Loop.View));
    }

    [Fact]
    public void CallerOfAServiceThatIsNotServedYet_IsServedByTheChangeThatTellsOfIt()
    {
        using Socket client = Arrive();
        _waypoint.RunUntil(() => _waypoint.Loop.Early.Count == 1);
        Pass(EarlyCallers.PatienceMilliseconds - 500);
        _waypoint.Loop.Early.Look();
        Assert.Equal((1, 0), (_waypoint.Loop.Early.Count, _waypoint.Loop.Plain.Count));
        TellOfTheService();
        _waypoint.Loop.Early.Look();
        InboundTunnel tunnel = Assert.Single(_waypoint.Loop.Plain);
        Assert.Equal("spiffe://cluster.local/ns/shop/sa/client", tunnel.Facts.Client?.ToString());
        Assert.Equal(0, _waypoint.Loop.Early.Count);

        // Nothing of the waiting is left that could end it.
        Pass(60_000);
        Assert.Single(_waypoint.Loop.Plain);
    }

    [Fact]
    public void CallerOfAServiceThatNeverComes_IsSentAway_AndBytesBehindTheHeaderMakeNoDifference()
    {
        using Socket client = Arrive();
        _waypoint.RunUntil(() => _waypoint.Loop.Early.Count == 1);
        client.Send("GET / HTTP/1.1\r\n\r\n"u8);
        Pass(EarlyCallers.PatienceMilliseconds - 100);
        Assert.Equal(1, _waypoint.Loop.Early.Count);
        Pass(200);
        Assert.Equal(0, _waypoint.Loop.Early.Count);
        Assert.Equal(SocketError.ConnectionReset, Assert.Throws<SocketException>(() => client.Receive(new byte[1])).SocketErrorCode);
        Assert.Empty(_waypoint.Loop.Plain);
    }

    private static void Move(WorkloadSpec spec, string address)
    {
        spec.Addresses.Clear();
        spec.Addresses.Add(IpAddress.Parse(address));
    }

    private static Workload Own(Action<WorkloadSpec>? edit = null)
    {
        WorkloadSpec spec = new()
        {
            Uid = "uid-own",
            Name = "waypoint",
            Namespace = "bench",
            ServiceAccount = "waypoint",
            TrustDomain = "cluster.local",
            Addresses = { IpAddress.Parse("10.0.0.9") },
            Protocol = TunnelProtocol.Hbone,
            ApplicationTunnel = new ApplicationTunnel(ApplicationTunnelProtocol.Proxy, Binding),
        };
        edit?.Invoke(spec);
        return new Workload(spec);
    }

    private void Tell(Workload? own)
    {
        MeshBatch batch = new();
        batch.RemovedAddresses.Add("uid-own");
        if (own is not null)
        {
            batch.Workloads.Add(own);
        }

        _waypoint.Shared.Mesh.Apply(batch);
    }

    private void TellOfTheService()
    {
        MeshBatch batch = new();
        ServiceSpec spec = new() { Name = "cart", Namespace = "bench", Hostname = "cart.bench.svc.cluster.local", Ports = PortMap.Of((80, 8080)) };
        spec.Vips.Add(new NetworkAddress("", IpAddress.Parse("10.96.0.1")));
        batch.Services.Add(new Service(spec));
        _waypoint.Shared.Mesh.Apply(batch);
    }

    /// <summary>Dials the test's own port as an endpoint; what became of it, null when it is connected.</summary>
    private string? Dial(SpiffeId? identity)
    {
        UpstreamDialer dialer = new(_waypoint.Loop);
        EndpointKey key = new(Place, identity);
        Ends ends = new();
        dialer.Dial(key, dialer.NewPipe(key, ends, null));
        _waypoint.RunUntil(() => ends.IsOpen || ends.Why is not null);
        return ends.Why;
    }

    /// <summary>A connection of the pod's ztunnel, with its header.</summary>
    private Socket Arrive()
    {
        Socket client = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveTimeout = 20_000 };
        client.Connect(_listener.LocalEndpoint);
        int accepted = (int)SocketIo.Accept((int)_listener.Server.Handle, out SocketAddress peer).OrThrow("accept", "connection");
        CapturedArrival.Begin(_waypoint.Loop, accepted, peer);
        byte[] header = new ProxyPreface(2, IpPort.Parse("10.1.1.1:4444"), IpPort.Parse("10.96.0.1:80")).Bytes();
        byte[] identity = Encoding.ASCII.GetBytes("spiffe://cluster.local/ns/shop/sa/client");
        header[15] += (byte)(identity.Length + 3);
        client.Send([.. header, 0xD0, 0, (byte)identity.Length, .. identity]);
        return client;
    }

    private void Pass(long milliseconds)
    {
        _time.Advance(TimeSpan.FromMilliseconds(milliseconds));
        _waypoint.Turn();
        _waypoint.Turn();
    }

    private sealed class Ends : IPipeOwner
    {
        public bool IsOpen { get; private set; }

        public string? Why { get; private set; }

        public void OnOpened() => IsOpen = true;

        public int OnInput(ReadOnlySpan<byte> bytes) => bytes.Length;

        public void OnInputEnded()
        {
        }

        public void OnOutputDrained()
        {
        }

        public void OnClosed(CloseReason reason, string? detail) => Why = detail ?? reason.ToString();
    }
}

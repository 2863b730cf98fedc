using Ambient.Linux.Sockets;
using Ambient.Mesh.Addresses;
using Ambient.Mesh.Services;
using Ambient.Mesh.Views;
using Ambient.Mesh.Workloads;
using Ambient.Testing.Clocks;
using Ambient.Waypoint.Tests.Forwarding;
using Ambient.Waypoint.Tunnels;

namespace Ambient.Waypoint.Tests.Tunnels;

/// <summary>Connections that the own pod's ztunnel hands on, and which port it does so on.</summary>
public sealed class CapturedArrivalTests
{
    // From 10.1.1.1:4444 to 10.96.0.1:80; nobody has proved who that is.
    private static readonly byte[] Header = [.. "\r\n\r\n\0\r\nQUIT\n"u8, 0x21, 0x11, 0, 12, 10, 1, 1, 1, 10, 96, 0, 1, 0x11, 0x5C, 0, 80];

    [Fact]
    public void WhoeverDrains_WaitsForWhatACallerAsks_ThatHasItsTunnelAlready()
    {
        using LocalWaypoint waypoint = new();
        Serve(waypoint);
        using NetworkEnd caller = NetworkEnd.To(waypoint);
        bool isEmptied = false;
        waypoint.Loop.Drain(() => isEmptied = true);
        Assert.False(isEmptied);
        HeldPipe endpoint = waypoint.Expect();
        caller.Say([.. Header, .. "GET / HTTP/1.1\r\nHost: cart\r\n\r\n"u8]);
        waypoint.RunUntil(() => endpoint.Sent.Length > 0);
        Assert.False(isEmptied);
        endpoint.Receive("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        waypoint.RunUntil(() => caller.Heard().EndsWith("ok", StringComparison.Ordinal));
        Assert.Contains("connection: close", caller.Heard(), StringComparison.OrdinalIgnoreCase);
        caller.Dispose();
        waypoint.RunUntil(() => isEmptied);
    }

    [Theory]
    [InlineData("it leaves")]
    [InlineData("it says nothing in time")]
    [InlineData("it says something else")]
    [InlineData("it asks for nobody")]
    public void WhatComesToNothing_IsNotWaitedForAnyMore(string how)
    {
        ManualTime time = new();
        using LocalWaypoint waypoint = new(time: time);
        using NetworkEnd caller = NetworkEnd.To(waypoint);
        bool isEmptied = false;
        waypoint.Loop.Drain(() => isEmptied = true);
        Assert.False(isEmptied);
        switch (how)
        {
            case "it leaves":
                caller.Dispose();
                break;
            case "it says nothing in time":
                time.Advance(TimeSpan.FromSeconds(11));
                break;
            case "it says something else":
                caller.Say("GET / HTTP/1.1\r\nHost: cart\r\n\r\n"u8);
                break;
            default:
                caller.Say(Header);
                break;
        }

        waypoint.RunUntil(() => isEmptied);
    }

    [Theory]
    [InlineData(15088, false, 15088, false)]
    [InlineData(0, false, 0, true)]
    [InlineData(0, true, 0, false)]
    [InlineData(null, false, 0, false)]
    public void BindingOfTheOwnPod_NamesThePort_OrCannotBeServed(int? port, bool takesTunnelsItself, int expected, bool isProblem)
    {
        using LocalWaypoint waypoint = new();
        MeshBatch batch = new();
        batch.Workloads.Add(new Workload(new WorkloadSpec
        {
            Uid = "own",
            Name = "waypoint-1",
            Namespace = "bench",
            ServiceAccount = "waypoint",
            TrustDomain = "cluster.local",
            Addresses = { IpAddress.Parse("10.0.0.7") },
            Protocol = TunnelProtocol.Hbone,
            NativeTunnel = takesTunnelsItself,
            ApplicationTunnel = port is null ? null : new ApplicationTunnel(ApplicationTunnelProtocol.Proxy, (ushort)port),
        }));
        waypoint.Shared.Mesh.Apply(batch);
        string? problem = waypoint.Shared.BindingProblem;
        Assert.Equal((expected, isProblem), (waypoint.Shared.DecideCapture(), problem is not null));
        Assert.True(problem is null || problem.Contains("Gateway bench/", StringComparison.Ordinal), problem);
        Assert.True(problem is null || problem.Contains("PROXY/<port>", StringComparison.Ordinal), problem);
    }

    private static void Serve(LocalWaypoint waypoint)
    {
        MeshBatch batch = new();
        batch.Services.Add(new Service(new ServiceSpec
        {
            Name = "cart",
            Namespace = "bench",
            Hostname = "cart.bench.svc.cluster.local",
            Ports = PortMap.Of((80, 8080)),
            Vips = { new NetworkAddress("", IpAddress.Parse("10.96.0.1")) },
        }));
        waypoint.Shared.Mesh.Apply(batch);
    }

    /// <summary>The ztunnel's end of a connection.</summary>
    private sealed class NetworkEnd(int fd) : IDisposable
    {
        private readonly List<byte> _heard = [];
        private int _fd = fd;

        public static NetworkEnd To(LocalWaypoint waypoint)
        {
            SocketIo.SocketPair(out int near, out int far).OrThrow("socketpair", "test");
            CapturedArrival.Begin(waypoint.Loop, far, SocketAddress.LoopbackIPv4);
            return new NetworkEnd(near);
        }

        public void Say(ReadOnlySpan<byte> bytes) => Assert.Equal(bytes.Length, SocketIo.Write(_fd, bytes).OrThrow("write", "test"));

        public string Heard()
        {
            byte[] buffer = new byte[4096];
            while (_fd >= 0 && SocketIo.Read(_fd, buffer) is { Value: > 0 } read)
            {
                _heard.AddRange(buffer[..(int)read.Value]);
            }

            return System.Text.Encoding.Latin1.GetString([.. _heard]);
        }

        public void Dispose()
        {
            if (_fd >= 0)
            {
                SocketIo.Close(_fd);
                _fd = -1;
            }
        }
    }
}

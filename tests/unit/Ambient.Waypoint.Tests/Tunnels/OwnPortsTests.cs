using Ambient.Mesh.Addresses;
using Ambient.Mesh.Connections;
using Ambient.Mesh.Identities;
using Ambient.Waypoint.Balancing;
using Ambient.Waypoint.Pipes;
using Ambient.Waypoint.Tests.Forwarding;
using Ambient.Waypoint.Tunnels;

namespace Ambient.Waypoint.Tests.Tunnels;

/// <summary>Endpoints do not lead to the waypoint's own ports.</summary>
public sealed class OwnPortsTests
{
    [Theory]
    [InlineData("127.0.0.1:15000", true)]
    [InlineData("127.8.9.1:15020", true)]
    [InlineData("0.0.0.0:15021", true)]
    [InlineData("[::1]:15000", true)]
    [InlineData("[::]:15008", true)]
    [InlineData("[::ffff:127.0.0.1]:15000", true)]
    [InlineData("[::ffff:0.0.0.0]:15000", true)]
    [InlineData("127.0.0.1:15001", false)]
    [InlineData("127.0.0.1:8080", false)]
    [InlineData("10.0.0.1:15000", false)]
    [InlineData("[fd00::1]:15008", false)]
    public void Address_LeadsToTheProcessItself_OrNot(string address, bool leads) => Assert.Equal(leads, OwnPorts.Leads(IpPort.Parse(address), 0));

    [Fact]
    public void PortOfACapturedWaypoint_IsOneOfThem()
    {
        Assert.True(OwnPorts.Leads(IpPort.Parse("127.0.0.1:15088"), 15088));
        Assert.True(OwnPorts.Leads(IpPort.Parse("127.0.0.1:15000"), 15088));
        Assert.False(OwnPorts.Leads(IpPort.Parse("10.0.0.1:15088"), 15088));
        Assert.False(OwnPorts.Leads(IpPort.Parse("127.0.0.1:0"), 0));
    }

    [Theory]
    [InlineData("127.0.0.1:15000", false)]
    [InlineData("0.0.0.0:15000", false)]
    [InlineData("[::1]:15020", false)]
    [InlineData("127.0.0.1:80", true)] // the tunnel's own port is what counts
    public void OwnPort_IsNotDialled(string address, bool isInMesh)
    {
        using LocalWaypoint waypoint = new();
        UpstreamDialer dialer = new(waypoint.Loop);
        EndpointKey key = new(IpPort.Parse(address), isInMesh ? new SpiffeId("cluster.local", "bench", "cart") : null);
        Closing owner = new();
        dialer.Dial(key, dialer.NewPipe(key, owner, null));
        Assert.Equal((CloseReason.ConnectFailed, "the endpoint's address leads to the waypoint itself"), Assert.Single(owner.Closed));
    }

    private sealed class Closing : IPipeOwner
    {
        public List<(CloseReason Reason, string? Detail)> Closed { get; } = [];

        public void OnOpened() => Assert.Fail("it was connected");

        public int OnInput(ReadOnlySpan<byte> bytes) => bytes.Length;

        public void OnInputEnded()
        {
        }

        public void OnOutputDrained()
        {
        }

        public void OnClosed(CloseReason reason, string? detail) => Closed.Add((reason, detail));
    }
}

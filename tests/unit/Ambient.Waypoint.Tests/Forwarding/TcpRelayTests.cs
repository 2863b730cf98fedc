using Ambient.Protocol.L7;

namespace Ambient.Waypoint.Tests.Forwarding;

/// <summary>Connections without HTTP.</summary>
public sealed class TcpRelayTests
{
    [Fact]
    public void NewDenial_EndsConnectionsThatAreOpen_OthersGoOn()
    {
        using LocalWaypoint waypoint = new();
        HeldPipe endpoint = waypoint.Expect();
        HeldPipe client = waypoint.ConnectTcp();
        client.Receive("hello");
        Assert.Equal("hello", endpoint.Sent);
        waypoint.Configure(access: [Deny("10.7.0.0/16")]);
        waypoint.Judge();
        client.Receive(" again");
        Assert.Equal((false, "hello again"), (client.IsClosed, endpoint.Sent));

        waypoint.Configure(access: [Deny("10.0.9.9")]);
        waypoint.Judge();
        Assert.Equal((true, true), (client.IsAborted, endpoint.IsAborted));
        Assert.Equal(0, waypoint.Destination.Connections);
    }

    /// <summary>A clean end behind half of a message would make it a whole one.</summary>
    [Fact]
    public void ClientThatIsGivenUp_IsNoCleanEndForTheEndpoint()
    {
        using LocalWaypoint waypoint = new();
        HeldPipe endpoint = waypoint.Expect();
        HeldPipe client = waypoint.ConnectTcp();
        client.Receive("half");
        client.Abort("a record that is none");
        Assert.True(endpoint.IsAborted);
        Assert.Equal(0, waypoint.Destination.Connections);
    }

    [Fact]
    public void ClientThatEnds_IsACleanEnd()
    {
        using LocalWaypoint waypoint = new();
        HeldPipe endpoint = waypoint.Expect();
        HeldPipe client = waypoint.ConnectTcp();
        client.Receive("all");
        client.EndInput();
        Assert.Equal((true, false, "all"), (endpoint.IsFinished, endpoint.IsAborted, endpoint.Sent));
    }

    /// <summary>A route's backend that does not exist: HTTP would be answered 500.</summary>
    [Fact]
    public void RouteThatLeadsNowhere_RefusesConnections()
    {
        using LocalWaypoint waypoint = new(editPort: static port => port.Tcp[0].Targets[0] = new WeightedTarget { Weight = 1, FailStatus = 500 });
        waypoint.Expect();
        HeldPipe client = waypoint.ConnectTcp();
        client.Receive("hello");
        Assert.Equal((true, 0), (client.IsFinished, waypoint.Dialer.Dialled));
    }

    [Fact]
    public void DefectInOneConnection_LeavesNoOtherItsAccess()
    {
        using LocalWaypoint waypoint = new();
        waypoint.Configure(protocol: PortProtocol.Tcp);
        waypoint.Expect();
        waypoint.Expect();
        HeldPipe broken = waypoint.ConnectRaw(waypoint.Loop.Plain), other = waypoint.ConnectRaw(waypoint.Loop.Plain);
        broken.IsBroken = true;
        waypoint.Configure(access: [Deny("10.0.9.9")], protocol: PortProtocol.Tcp);
        waypoint.Loop.Judge();
        Assert.Equal((true, true), (broken.IsAborted, other.IsAborted));
        Assert.Equal(0, waypoint.Destination.Connections);
        Assert.Equal(1, waypoint.Loop.Loop.Faults);
    }

    [Fact]
    public void DefectInOneConnection_KeepsNoOtherFromADrain()
    {
        using LocalWaypoint waypoint = new();
        HeldPipe broken = waypoint.ConnectRaw(waypoint.Loop.Plain), other = waypoint.ConnectRaw(waypoint.Loop.Plain);
        broken.IsBroken = true;
        waypoint.Loop.Drain(static () => { });
        Assert.Equal((true, true), (broken.IsAborted, other.IsFinished));
        Assert.Equal(1, waypoint.Loop.Loop.Faults);
    }

    private static AccessPolicy Deny(string block) => new() { Namespace = "bench", Name = "deny", Action = AccessAction.Deny, Rules = { new AccessRule { From = { new AccessSource { IpBlocks = { block } } } } } };
}

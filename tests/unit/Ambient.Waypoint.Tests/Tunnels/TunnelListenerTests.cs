using Ambient.Linux;
using Ambient.Linux.Sockets;
using Ambient.Testing.Clocks;
using Ambient.Waypoint.Tests.Forwarding;
using Ambient.Waypoint.Tunnels;

namespace Ambient.Waypoint.Tests.Tunnels;

/// <summary>Ports whose sockets cannot be accepted for a while.</summary>
public sealed class TunnelListenerTests
{
    private readonly ManualTime _time = new();

    [Fact]
    public void WhatCannotBeAccepted_IsTriedAgain_UntilThePortIsClosed()
    {
        using LocalWaypoint waypoint = new(time: _time);
        List<SysResult> said = [];
        TunnelListener listener = new(waypoint.Loop, static (_, fd, _) => SocketIo.Close(fd), said.Add);

        // It does not listen: each attempt fails, and the kernel tells of it once.
        listener.Watch((int)new SocketFactory(null, new SocketOptions()).OpenStream(ipv4: true, null).OrThrow("socket", "loopback"));
        waypoint.Turn();
        Assert.True(Assert.Single(said).Is(Errno.EINVAL));
        Pass(waypoint, 5);
        Assert.Single(said);
        Pass(waypoint, 10);
        Assert.Equal(2, said.Count);
        Assert.Equal(0, waypoint.Loop.Loop.Faults);
        listener.Close();
        Pass(waypoint, 30);
        Assert.Equal(2, said.Count);
    }

    private void Pass(LocalWaypoint waypoint, int seconds)
    {
        for (int i = 0; i < seconds; i++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            waypoint.Turn();
            waypoint.Turn();
        }
    }
}

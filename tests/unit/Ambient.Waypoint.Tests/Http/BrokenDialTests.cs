using Ambient.Waypoint.Http;
using Ambient.Waypoint.Tests.Forwarding;
using Ambient.Waypoint.Tunnels;

namespace Ambient.Waypoint.Tests.Http;

/// <summary>Connections to endpoints that cannot even be made.</summary>
public sealed class BrokenDialTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void ConnectionThatCannotBeMade_TakesNobodysPlace(bool isHttp2)
    {
        using LocalWaypoint waypoint = new();
        IEndpointPool pool = waypoint.Loop.ClientsOf(new PoolOf(waypoint.Destination, waypoint.Endpoint.Key, isHttp2, null));
        waypoint.Dialer.Defects = 1;
        Assert.Throws<InvalidOperationException>(() => { _ = pool.Take(default); });
        Assert.Equal((0, 0, true), (waypoint.Destination.Connections, waypoint.Destination.Waiting, pool.IsEmpty));
        Assert.NotNull(pool.Take(default));
        Assert.Equal(1, waypoint.Destination.Connections);
    }
}

using Ambient.Waypoint.Balancing;
using Ambient.Waypoint.Http;

namespace Ambient.Waypoint.Tunnels;

/// <summary>
/// Connections whose server name a client has chosen (SNI is the request's host where nobody said another): each name has connections of its own, so for each endpoint there may be so many names
/// and no more, and their first connections are bound by the destination's limit like all others. Loop-affine.
/// </summary>
/// <param name="drop">Lets go of connections.</param>
internal sealed class ChosenNames(Action<PoolOf> drop)
{
    /// <summary>Names for each endpoint that nobody uses now; the one that was not used for longest goes when another comes. Those that are in use are as many as requests.</summary>
    public const int MaxNames = 64;

    private readonly Dictionary<(DestinationState Destination, EndpointKey Endpoint), Dictionary<PoolOf, (IEndpointPool Pool, long Used)>> _places = [];
    private long _turn;

    /// <summary>The connections of a name are used.</summary>
    public void Use(in PoolOf key, IEndpointPool pool)
    {
        (DestinationState, EndpointKey) place = (key.Destination, key.Endpoint);
        if (!_places.TryGetValue(place, out Dictionary<PoolOf, (IEndpointPool Pool, long Used)>? names))
        {
            _places[place] = names = [];
        }

        names[key] = (pool, ++_turn);
        if (names.Count > MaxNames && FindUnused(names, key) is { } oldest)
        {
            drop(oldest);
        }
    }

    /// <summary>There are no such connections any more.</summary>
    public void Forget(in PoolOf key)
    {
        (DestinationState, EndpointKey) place = (key.Destination, key.Endpoint);
        if (_places.TryGetValue(place, out Dictionary<PoolOf, (IEndpointPool Pool, long Used)>? names) && names.Remove(key) && names.Count == 0)
        {
            _places.Remove(place);
        }
    }

    /// <summary>Whether no name has a connection to that endpoint: one there may always be.</summary>
    public bool IsFirst(in PoolOf key) =>
        !_places.TryGetValue((key.Destination, key.Endpoint), out Dictionary<PoolOf, (IEndpointPool Pool, long Used)>? names) || names.Values.All(static name => name.Pool.IsEmpty);

    /// <summary>Lets go of connections of another name that nobody uses now; whether there were any.</summary>
    public bool TryMakeRoom(in PoolOf key)
    {
        if (!_places.TryGetValue((key.Destination, key.Endpoint), out Dictionary<PoolOf, (IEndpointPool Pool, long Used)>? names))
        {
            return false;
        }

        if (FindUnused(names, key, isConnected: true) is not { } oldest)
        {
            return false;
        }

        drop(oldest);
        return true;
    }

    private static PoolOf? FindUnused(Dictionary<PoolOf, (IEndpointPool Pool, long Used)> names, in PoolOf except, bool isConnected = false)
    {
        PoolOf? oldest = null;
        long used = long.MaxValue;
        foreach ((PoolOf key, (IEndpointPool pool, long last)) in names)
        {
            if (last < used && key != except && (pool.IsIdle || (pool.IsEmpty && !isConnected)))
            {
                (oldest, used) = (key, last);
            }
        }

        return oldest;
    }
}

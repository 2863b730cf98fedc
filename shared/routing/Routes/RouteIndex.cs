using Ambient.Protocol.L7;
using Ambient.Routing.Messages;

namespace Ambient.Routing.Routes;

/// <summary>
/// Finds the first matching route without looking at all of them: each route is filed under that one of its necessary conditions that it
/// shares with the fewest others. Immutable.
/// </summary>
internal sealed class RouteIndex
{
    private readonly Route[] _routes;
    private readonly int[] _always;
    private readonly Dictionary<string, int[]>.AlternateLookup<ReadOnlySpan<char>> _paths;
    private readonly Dictionary<string, int[]>.AlternateLookup<ReadOnlySpan<char>> _prefixes;
    private readonly Dictionary<string, int[]>.AlternateLookup<ReadOnlySpan<char>> _authorities;
    private readonly int[] _prefixLengths;
    private readonly (string Name, Dictionary<string, int[]>.AlternateLookup<ReadOnlySpan<char>> Values)[] _headers;
    private readonly (string Name, Dictionary<string, int[]>.AlternateLookup<ReadOnlySpan<char>> Values)[] _query;

    public RouteIndex(Route[] routes)
    {
        _routes = routes;
        Dictionary<RouteKey, int> popularity = [];
        foreach (RouteKey key in routes.SelectMany(route => Keys(route.Match)))
        {
            popularity[key] = popularity.GetValueOrDefault(key) + 1;
        }

        Dictionary<RouteKey, List<int>> buckets = [];
        for (int i = 0; i < routes.Length; i++)
        {
            RouteKey best = Keys(routes[i].Match).MinBy(key => popularity[key]);
            if (!buckets.TryGetValue(best, out List<int>? bucket))
            {
                buckets[best] = bucket = [];
            }

            bucket.Add(i);
        }

        _always = buckets.Remove(default, out List<int>? always) ? [.. always] : [];
        _paths = Lookup(buckets.Where(bucket => bucket.Key.Kind == RouteKeyKind.Path));
        _prefixes = Lookup(buckets.Where(bucket => bucket.Key.Kind == RouteKeyKind.Prefix));
        _prefixLengths = [.. _prefixes.Dictionary.Keys.Select(prefix => prefix.Length).Distinct().Order()];
        _authorities = Lookup(buckets.Where(bucket => bucket.Key.Kind == RouteKeyKind.Authority));
        _headers = Named(buckets, RouteKeyKind.Header);
        _query = Named(buckets, RouteKeyKind.Query);
    }

    public Route? Find(RequestFacts facts)
    {
        RequestHead head = facts.Head!;
        ReadOnlySpan<char> path = head.Path;
        int best = First(_always, facts, int.MaxValue);
        if (_paths.TryGetValue(path, out int[]? bucket))
        {
            best = First(bucket, facts, best);
        }

        foreach (int length in _prefixLengths)
        {
            if (length > path.Length)
            {
                break;
            }

            if (_prefixes.TryGetValue(path[..length], out bucket))
            {
                best = First(bucket, facts, best);
            }
        }

        if (_authorities.Dictionary.Count > 0 && _authorities.TryGetValue(head.Authority, out bucket))
        {
            best = First(bucket, facts, best);
        }

        foreach ((string name, Dictionary<string, int[]>.AlternateLookup<ReadOnlySpan<char>> values) in _headers)
        {
            if (NamedCondition.TryGetHeader(head, name, out ReadOnlySpan<char> value) && values.TryGetValue(value, out bucket))
            {
                best = First(bucket, facts, best);
            }
        }

        foreach ((string name, Dictionary<string, int[]>.AlternateLookup<ReadOnlySpan<char>> values) in _query)
        {
            if (head.TryGetQuery(name, out ReadOnlySpan<char> value) && values.TryGetValue(value, out bucket))
            {
                best = First(bucket, facts, best);
            }
        }

        return best == int.MaxValue ? null : _routes[best];
    }

    private static IEnumerable<RouteKey> Keys(RouteMatch match)
    {
        // The empty key comes first, so that among equals the one that costs no look-up wins.
        yield return default;
        if (match.Path is { Kind: PathMatch.KindOneofCase.Exact, IgnoresCase: false })
        {
            yield return new RouteKey(RouteKeyKind.Path, "", match.Path.Text);
        }
        else if (match.Path.KnownPrefix.Length > 0)
        {
            yield return new RouteKey(RouteKeyKind.Prefix, "", match.Path.KnownPrefix);
        }

        if (match.Authority?.Exact is { } authority)
        {
            yield return new RouteKey(RouteKeyKind.Authority, "", authority);
        }

        foreach (NamedCondition header in match.Headers.Where(header => header.Only is not null))
        {
            yield return new RouteKey(RouteKeyKind.Header, header.Name, header.Only!);
        }

        foreach (NamedCondition parameter in match.Query.Where(parameter => parameter.Only is not null))
        {
            yield return new RouteKey(RouteKeyKind.Query, parameter.Name, parameter.Only!);
        }
    }

    private static Dictionary<string, int[]>.AlternateLookup<ReadOnlySpan<char>> Lookup(IEnumerable<KeyValuePair<RouteKey, List<int>>> buckets) =>
        buckets.ToDictionary(bucket => bucket.Key.Text, bucket => bucket.Value.ToArray(), StringComparer.Ordinal).GetAlternateLookup<ReadOnlySpan<char>>();

    private static (string Name, Dictionary<string, int[]>.AlternateLookup<ReadOnlySpan<char>> Values)[] Named(Dictionary<RouteKey, List<int>> buckets, RouteKeyKind kind) =>
        [.. buckets.Where(bucket => bucket.Key.Kind == kind).GroupBy(bucket => bucket.Key.Name, StringComparer.Ordinal).Select(group => (group.Key, Lookup(group)))];

    private int First(int[] bucket, RequestFacts facts, int best)
    {
        foreach (int i in bucket)
        {
            if (i >= best)
            {
                return best;
            }

            if (_routes[i].Match.Matches(facts))
            {
                return i;
            }
        }

        return best;
    }
}

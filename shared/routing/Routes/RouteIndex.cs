using Ambient.Protocol.L7;
using Ambient.Routing.Messages;

namespace Ambient.Routing.Routes;

/// <summary>
/// Finds the first matching route without looking at all of them: each route is filed under that one of its necessary conditions that it
/// shares with the fewest others. Immutable.
/// </summary>
internal sealed class RouteIndex
{
    // Names of header conditions that no field has.
    private static readonly string[] OfTheRequestLine = [":method", ":scheme", ":authority", "host", ":path"];

    private readonly Route[] _routes;
    private readonly int[] _always;
    private readonly Dictionary<string, int[]>.AlternateLookup<ReadOnlySpan<char>> _paths;
    private readonly Dictionary<string, int[]>.AlternateLookup<ReadOnlySpan<char>> _prefixes;
    private readonly Dictionary<string, int[]>.AlternateLookup<ReadOnlySpan<char>> _authorities;
    private readonly int[] _prefixLengths;
    private readonly (string Name, Dictionary<string, int[]>.AlternateLookup<ReadOnlySpan<char>> Values)[] _headers;
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _headerNames;
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
        _headerNames = _headers.Select(static (header, index) => (header.Name, index)).ToDictionary(static pair => pair.Name, static pair => pair.index, StringComparer.Ordinal).GetAlternateLookup<ReadOnlySpan<char>>();
        _query = Named(buckets, RouteKeyKind.Query);
    }

    public Route? Find(RequestFacts facts)
    {
        Uncounted count = default;
        return Find(facts, ref count);
    }

    /// <summary>The same, and how many look-ups and comparisons it took.</summary>
    internal Route? Find<TCount>(RequestFacts facts, ref TCount count)
        where TCount : struct, IStepCount
    {
        RequestHead head = facts.Head!;
        ReadOnlySpan<char> path = head.Path;
        int best = First(_always, facts, int.MaxValue, ref count);
        count.Step();
        if (_paths.TryGetValue(path, out int[]? bucket))
        {
            best = First(bucket, facts, best, ref count);
        }

        foreach (int length in _prefixLengths)
        {
            if (length > path.Length)
            {
                break;
            }

            count.Step();
            if (_prefixes.TryGetValue(path[..length], out bucket))
            {
                best = First(bucket, facts, best, ref count);
            }
        }

        count.Step();
        if (_authorities.Dictionary.Count > 0 && _authorities.TryGetValue(head.Authority, out bucket))
        {
            best = First(bucket, facts, best, ref count);
        }

        best = ByHeaders(facts, best, ref count);
        foreach ((string name, Dictionary<string, int[]>.AlternateLookup<ReadOnlySpan<char>> values) in _query)
        {
            count.Step();
            if (head.TryGetQuery(name, out ReadOnlySpan<char> value) && values.TryGetValue(value, out bucket))
            {
                best = First(bucket, facts, best, ref count);
            }
        }

        return best == int.MaxValue ? null : _routes[best];
    }

    // By what the routes ask for, or by what the request has, whichever is less.
    private int ByHeaders<TCount>(RequestFacts facts, int best, ref TCount count)
        where TCount : struct, IStepCount
    {
        FieldList fields = facts.Head!.Fields;
        if (_headers.Length <= fields.Count + OfTheRequestLine.Length)
        {
            for (int i = 0; i < _headers.Length; i++)
            {
                best = ByHeader(i, facts, best, ref count);
            }

            return best;
        }

        foreach (string name in OfTheRequestLine)
        {
            count.Step();
            best = _headerNames.TryGetValue(name, out int header) ? ByHeader(header, facts, best, ref count) : best;
        }

        for (int i = 0; i < fields.Count; i++)
        {
            // Several lines of one name are looked at as one.
            count.Step();
            if (_headerNames.TryGetValue(fields.Name(i), out int header) && fields.Find(fields.Name(i)) == i)
            {
                best = ByHeader(header, facts, best, ref count);
            }
        }

        return best;
    }

    private int ByHeader<TCount>(int header, RequestFacts facts, int best, ref TCount count)
        where TCount : struct, IStepCount
    {
        count.Step();
        (string name, Dictionary<string, int[]>.AlternateLookup<ReadOnlySpan<char>> values) = _headers[header];
        return NamedCondition.TryGetHeader(facts.Head!, name, out ReadOnlySpan<char> value) && values.TryGetValue(value, out int[]? bucket) ? First(bucket, facts, best, ref count) : best;
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

    private int First<TCount>(int[] bucket, RequestFacts facts, int best, ref TCount count)
        where TCount : struct, IStepCount
    {
        foreach (int i in bucket)
        {
            if (i >= best)
            {
                return best;
            }

            count.Step();
            if (_routes[i].Match.Matches(facts))
            {
                return i;
            }
        }

        return best;
    }

    // The compiler leaves nothing of it.
    private struct Uncounted : IStepCount
    {
        public readonly void Step()
        {
        }
    }
}

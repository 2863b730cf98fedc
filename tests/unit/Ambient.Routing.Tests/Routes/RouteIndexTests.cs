using System.Diagnostics;
using Ambient.Protocol.L7;
using Ambient.Routing.Messages;
using Ambient.Routing.Routes;

namespace Ambient.Routing.Tests.Routes;

public sealed class RouteIndexTests
{
    [Fact]
    public void Index_FindsWhatLookingAtAllWouldFind()
    {
        int seed = Environment.TickCount;
        Random random = new(seed);
        for (int round = 0; round < 200; round++)
        {
            HttpMatch[] matches = [.. Enumerable.Range(0, random.Next(1, 40)).Select(_ => RandomMatch(random))];
            PortTable table = Requests.Table(matches);
            for (int i = 0; i < 50; i++)
            {
                RequestFacts request = RandomRequest(random);
                Route? expected = table.Routes.FirstOrDefault(route => route.Match.Matches(request));
                Assert.True(ReferenceEquals(expected, table.Find(request)), $"seed {seed}, round {round}: {request.Head!.Target}: {expected?.Name} expected, {table.Find(request)?.Name} found");
            }
        }
    }

    [Theory]
    [InlineData("exact")]
    [InlineData("prefix")]
    [InlineData("segment")]
    [InlineData("regex")]
    [InlineData("header")]
    [InlineData("query")]
    [InlineData("authority")]
    public void TenThousandRoutes_CostWhatTenDo(string kind)
    {
        (PortTable few, RequestFacts fewLast) = Many(kind, 10);
        (PortTable many, RequestFacts manyLast) = Many(kind, 10_000);
        Assert.Equal("r9999", many.Find(manyLast)!.Name);
        double small = Time(few, fewLast);
        double large = Time(many, manyLast);

        // Looking at all of them would cost a thousand times as much; a busy machine costs a few times.
        Assert.True(large < (small * 40) + 5000, $"10 routes: {small} ns, 10 000 routes: {large} ns");
    }

    [Fact]
    public void Find_AllocatesNothing()
    {
        (PortTable table, RequestFacts request) = Many("prefix", 1000);
        _ = table.Find(request);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++)
        {
            _ = table.Find(request);
        }

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1000);
    }

    private static (PortTable Table, RequestFacts Last) Many(string kind, int count)
    {
        PortTable table = Requests.Table([.. Enumerable.Range(0, count).Select(i => Match(kind, i))]);
        int last = count - 1;
        return (table, kind switch
        {
            "header" => Requests.Of("GET /", ("tenant", $"t{last}")),
            "query" => Requests.Of($"GET /?tenant=t{last}"),
            "authority" => Requests.Of($"GET / t{last}"),
            "exact" => Requests.Of($"GET /t{last}"),
            _ => Requests.Of($"GET /t{last}/x"),
        });
    }

    private static HttpMatch Match(string kind, int i) => kind switch
    {
        "header" => new HttpMatch { Path = new PathMatch { Prefix = "/" }, Headers = { new NamedMatch { Name = "tenant", Value = new TextMatch { Exact = $"t{i}" } } } },
        "query" => new HttpMatch { Query = { new NamedMatch { Name = "tenant", Value = new TextMatch { Exact = $"t{i}" } } } },
        "authority" => new HttpMatch { Authority = new TextMatch { Exact = $"t{i}" } },
        "exact" => Requests.Path("exact", $"/t{i}"),
        "regex" => Requests.Path("regex", $"/t{i}/[a-z]*"),
        "segment" => Requests.Path("segment", $"/t{i}"),
        _ => Requests.Path("prefix", $"/t{i}/"),
    };

    private static double Time(PortTable table, RequestFacts request)
    {
        double best = double.MaxValue;
        for (int round = 0; round < 20; round++)
        {
            long started = Stopwatch.GetTimestamp();
            for (int i = 0; i < 200; i++)
            {
                _ = table.Find(request);
            }

            best = Math.Min(best, Stopwatch.GetElapsedTime(started).TotalNanoseconds / 200);
        }

        return best;
    }

    private static string Word(Random random) => new([.. Enumerable.Range(0, random.Next(1, 3)).Select(_ => "ab"[random.Next(2)])]);

    private static string RandomPath(Random random) => string.Concat(Enumerable.Range(0, random.Next(1, 4)).Select(_ => "/" + Word(random)));

    private static TextMatch RandomText(Random random) => Requests.Text(new[] { "exact", "prefix", "suffix", "regex", "present" }[random.Next(5)], Word(random));

    private static HttpMatch RandomMatch(Random random)
    {
        HttpMatch match = new();
        if (random.Next(3) > 0)
        {
            match.Path = Requests.Path(new[] { "exact", "prefix", "segment", "regex" }[random.Next(4)], RandomPath(random), random.Next(4) == 0).Path;
        }

        if (random.Next(3) == 0)
        {
            match.Headers.Add(new NamedMatch { Name = Word(random), Value = RandomText(random), Invert = random.Next(4) == 0 });
        }

        if (random.Next(4) == 0)
        {
            match.Query.Add(new NamedMatch { Name = Word(random), Value = RandomText(random) });
        }

        if (random.Next(5) == 0)
        {
            match.Authority = RandomText(random);
        }

        return match;
    }

    private static RequestFacts RandomRequest(Random random)
    {
        string query = random.Next(2) == 0 ? "" : $"?{Word(random)}={Word(random)}&{Word(random)}={Word(random)}";
        return Requests.Of($"GET {RandomPath(random)}{query} {Word(random)}", (Word(random), Word(random)), (Word(random), Word(random)));
    }
}

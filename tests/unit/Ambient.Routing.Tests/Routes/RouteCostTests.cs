using Ambient.Protocol.L7;
using Ambient.Routing.Messages;
using Ambient.Routing.Routes;

namespace Ambient.Routing.Tests.Routes;

/// <summary>Finding one of ten thousand routes takes as many steps as finding one of a hundred. Steps are counted, since times depend on the machine.</summary>
public sealed class RouteCostTests
{
    [Theory]
    [InlineData("exact")]
    [InlineData("segment")]
    [InlineData("host")]
    [InlineData("host and path")]
    [InlineData("header")]
    [InlineData("header names")]
    [InlineData("query")]
    [InlineData("path and header")]
    public void Steps_DoNotGrowWithTheRoutes(string shape)
    {
        (int[] few, int[] many) = (Steps(shape, 100), Steps(shape, 10_000));
        Assert.Equal(few, many);
        Assert.All(many, static steps => Assert.InRange(steps, 1, 20));
    }

    [Fact]
    public void Routes_AreTheSame_HoweverTheyAreFound()
    {
        int seed = Environment.TickCount;
        Random random = new(seed);
        for (int round = 0; round < 300; round++)
        {
            HttpMatch[] matches = [.. Enumerable.Range(0, random.Next(1, 60)).Select(_ => Requests.Header("x-" + random.Next(30), random.Next(4) == 0 ? "prefix" : "exact", "v" + random.Next(3), random.Next(5) == 0))];
            (string, string)[] fields = [.. Enumerable.Range(0, random.Next(0, 12)).Select(_ => ("x-" + random.Next(30), "v" + random.Next(3)))];
            RequestFacts facts = Requests.Of("GET /", fields);
            PortTable table = Requests.Table(matches);
            Assert.True(table.Routes.FirstOrDefault(route => route.Match.Matches(facts)) == table.Find(facts), $"seed {seed}, round {round}");
        }
    }

    // What it costs to find the first, one in the middle, the last, and none.
    private static int[] Steps(string shape, int routes)
    {
        PortTable table = Requests.Table([.. Enumerable.Range(0, routes).Select(i => Match(shape, i)), .. shape == "exact" ? [Requests.Header("x-canary", "exact", "yes")] : Array.Empty<HttpMatch>()]);
        return [.. new[] { 0, routes / 2, routes - 1, -1 }.Select(i =>
        {
            Counted counted = default;
            Route? found = table.Find(Request(shape, i), ref counted);
            Assert.Equal(i < 0 ? null : "r" + i, found?.Name);
            return counted.Steps;
        })];
    }

    // Numbers of one length, so that paths are of one length too.
    private static string Number(int i) => i < 0 ? "none" : $"{i:00000}";

    private static HttpMatch Match(string shape, int i)
    {
        HttpMatch match = shape switch
        {
            "exact" => Requests.Path("exact", "/shop/" + Number(i)),
            "segment" or "path and header" => Requests.Path("segment", "/shop/" + Number(i)),
            "host and path" => Requests.Path("segment", "/shop"),
            "header" => Requests.Header("x-tenant", "exact", Number(i)),
            "header names" => Requests.Header("x-tenant-" + Number(i), "exact", "1"),
            "query" => new HttpMatch { Query = { new NamedMatch { Name = "tenant", Value = new TextMatch { Exact = Number(i) } } } },
            _ => new HttpMatch(),
        };
        match.Authority = shape.StartsWith("host", StringComparison.Ordinal) ? new TextMatch { Exact = Number(i) + ".example.com" } : null;
        if (shape == "path and header")
        {
            match.Headers.Add(new NamedMatch { Name = "x-lane", Value = new TextMatch { Exact = "blue" } });
        }

        return match;
    }

    private static RequestFacts Request(string shape, int i) => shape switch
    {
        "exact" or "segment" => Requests.Of("GET /shop/" + Number(i)),
        "path and header" => Requests.Of("GET /shop/" + Number(i), ("x-lane", "blue")),
        "host" or "host and path" => Requests.Of($"GET /shop/{Number(0)} {Number(i)}.example.com"),
        "header" => Requests.Of("GET /", ("x-tenant", Number(i))),
        "header names" => Requests.Of("GET /", ("accept", "*/*"), ("x-tenant-" + Number(i), "1"), ("cookie", "a=b")),
        _ => Requests.Of("GET /?a=b&tenant=" + Number(i)),
    };

    private struct Counted : IStepCount
    {
        public int Steps { get; private set; }

        public void Step() => Steps++;
    }
}

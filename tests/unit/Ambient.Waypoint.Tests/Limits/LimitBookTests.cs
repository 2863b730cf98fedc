using System.Buffers;
using System.Diagnostics;
using System.Text;
using Ambient.Mesh.Identities;
using Ambient.Mesh.Services;
using Ambient.Protocol.L7;
using Ambient.Routing.Messages;
using Ambient.Telemetry.Metrics;
using Ambient.Waypoint.Configuration;
using Ambient.Waypoint.Limits;
using Xunit.Abstractions;

namespace Ambient.Waypoint.Tests.Limits;

/// <summary>What becomes of limits, and of what is left of them, when the configuration changes; what they let pass together.</summary>
public sealed class LimitBookTests(ITestOutputHelper output)
{
    private const string Cart = "bench/cart";
    private readonly MetricRegistry _registry = new();
    private readonly TakenTokens _tokens = new();
    private readonly List<string> _refused = [];

    private LimitBook Book => field ??= new LimitBook(new LimitMetrics(_registry));

    [Fact]
    public void ARuleThatStaysAsItIs_KeepsWhatIsLeftOfIt_AndOthersBeginAnew()
    {
        LimitPolicy policy = Policy("p", PerHour(2), PerHour(3, "/b"));
        Set(policy);
        Assert.Equal([true, true, false], Ask(3));
        Assert.Equal([true, true, true, false], Ask(4, "/b", only: 1));

        // Another rule before them, another mode, a grpc status: none of that is a change of theirs.
        LimitPolicy moved = policy.Clone();
        moved.Rules.Insert(0, PerHour(9, "/c"));
        moved.GrpcStatus = 8;
        Set(moved);
        Assert.Equal([false], Ask(1));
        LimitPolicy smaller = moved.Clone();
        smaller.Rules[1].Requests = 1;
        Set(smaller);
        Assert.Equal([true, false], Ask(2));
        Assert.Equal([false], Ask(1, "/b", only: 2));
        Book.Apply(new ConfigurationChange { Limits = new ConfigurationPart<LimitPolicy>(new Dictionary<string, LimitPolicy>(), ["p"]) }, ["cluster.local"], []);
        Assert.True(Book.For(Cart).IsEmpty);
        Set(moved);
        Assert.Equal([true], Ask(1));
    }

    [Fact]
    public void APolicyThatCannotBeUsed_IsRefusedByName_AndTheLastGoodOneStays()
    {
        Set(Policy("p", PerHour(1)));
        LimitPolicy bad = Policy("p", PerHour(1), new LimitRule { Requests = 5, PeriodMs = 1000, Matches = { new LimitMatch { Request = new HttpMatch { Path = new PathMatch { Regex = "(" } } } } });
        Set(bad);
        Assert.StartsWith("p: rule 1: path: ", Assert.Single(_refused), StringComparison.Ordinal);
        Set(Policy("p", new LimitRule { PeriodMs = 1000 }));
        Assert.Equal("p: rule 0: requests and period must not be 0", _refused[^1]);
        Assert.Equal([true, false], Ask(2));
    }

    [Fact]
    public void ARequest_TakesOfAllRulesThatMatch_OrOfNone()
    {
        Set(Policy("p", PerHour(5), PerHour(1, "/b")));
        Assert.Equal([true, false, false, false], Ask(4, "/b"));

        // Those that the second refused have taken nothing of the first.
        Assert.Equal([true, true, true, true, false], Ask(5));
    }

    [Fact]
    public void AServiceAndEverything_HaveABucketEach_AndBothCount()
    {
        LimitPolicy policy = Policy("p", PerHour(3));
        policy.Attachments.Add(new Attachment { All = true });
        Set(policy);
        Assert.Equal([true], Ask(1));
        Assert.Equal([true, true, false], Ask(3, scope: "bench/other"));
        Assert.Equal([false], Ask(1));
        Assert.False(Book.For("").IsEmpty);
    }

    [Fact]
    public void Callers_HaveABucketEach_WhereTheRuleSaysSo()
    {
        LimitRule rule = PerHour(1);
        rule.PerPrincipal = true;
        Set(Policy("p", rule));
        Assert.Equal([true, false], Ask(2, caller: "a"));
        Assert.Equal([true, false], Ask(2, caller: "b"));
        Assert.Equal([true, false], Ask(2, caller: ""));
    }

    [Fact]
    public void ConditionsOnCallersAndRequests_AreAlternatives()
    {
        LimitRule rule = PerHour(1);
        rule.Matches.Add(new LimitMatch { Source = new AccessSource { Namespaces = { "apps" } }, Request = new HttpMatch { Method = new TextMatch { Exact = "POST" } } });
        rule.Matches.Add(new LimitMatch { Source = new AccessSource { Principals = { "cluster.local/ns/apps/sa/b" } } });
        Set(Policy("p", rule));
        Assert.Equal([true, true, true], Ask(3, caller: "a"));
        Assert.Equal([true, false], Ask(2, caller: "b"));
        Assert.Equal([false], Ask(1, caller: "a", method: "POST"));
    }

    [Fact]
    public void ATrial_RefusesNobody_AndIsCounted()
    {
        LimitPolicy trial = Policy("trial", PerHour(1));
        trial.DryRun = true;
        Set(trial);
        Set(Policy("real", PerHour(3)));
        Assert.Equal([true, true, true, false], Ask(4));
        Assert.Equal(
            ["policy=\"bench/real\",result=\"allowed\"} 3", "policy=\"bench/real\",result=\"limited\"} 1", "policy=\"bench/trial\",result=\"allowed\"} 1", "policy=\"bench/trial\",result=\"would_limit\"} 2"],
            Counted());
    }

    [Fact]
    public void PoliciesWithoutEnd_AreCountedTogether()
    {
        LimitMetrics metrics = new(_registry);
        for (int i = 0; i < 2 * LimitMetrics.MaxPolicies; i++)
        {
            metrics.Of($"bench/{i}").Allowed.Increment();
        }

        Assert.Contains($"policy=\"other\",result=\"allowed\"}} {LimitMetrics.MaxPolicies}", Counted());
    }

    /// <summary>Also tells what a judgement costs: <c>dotnet test … --logger "console;verbosity=detailed"</c>.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void AJudgement_AllocatesNothing(bool perCaller)
    {
        LimitRule rule = PerHour(1_000_000);
        rule.PerPrincipal = perCaller;
        Set(Policy("p", rule));
        LimitProgram program = Book.For(Cart);
        RequestFacts facts = Facts("a", "/", "GET");
        const int Times = 100_000;
        for (int i = 0; i < Times; i++)
        {
            program.Judge(facts, i, _tokens);
        }

        long bytes = GC.GetAllocatedBytesForCurrentThread(), began = Stopwatch.GetTimestamp();
        for (int i = 0; i < Times; i++)
        {
            program.Judge(facts, i, _tokens);
        }

        TimeSpan took = Stopwatch.GetElapsedTime(began);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - bytes);
        output.WriteLine($"{took.TotalNanoseconds / Times:F0} ns");
    }

    private static LimitPolicy Policy(string name, params LimitRule[] rules) => new() { Namespace = "bench", Name = name, Attachments = { new Attachment { Service = Cart } }, Rules = { rules } };

    private static LimitRule PerHour(uint requests, string? path = null)
    {
        LimitRule rule = new() { Requests = requests, PeriodMs = 3_600_000 };
        if (path is not null)
        {
            rule.Matches.Add(new LimitMatch { Request = new HttpMatch { Path = new PathMatch { Exact = path } } });
        }

        return rule;
    }

    private static RequestFacts Facts(string caller, string path, string method)
    {
        RequestHead head = new() { Method = method, Authority = "cart" };
        head.SetTarget(path);
        return new RequestFacts { Head = head, Client = caller.Length == 0 ? null : new SpiffeId("cluster.local", "apps", caller) };
    }

    private void Set(LimitPolicy policy) => Book.Apply(
        new ConfigurationChange
        {
            Limits = new ConfigurationPart<LimitPolicy>(new Dictionary<string, LimitPolicy> { [policy.Name] = policy }, []),
            Refuse = (name, reason) => _refused.Add($"{name}: {reason}"),
        },
        ["cluster.local"],
        new HashSet<NamespacedHostname>());

    private bool[] Ask(int times, string path = "/", int only = -1, string scope = Cart, string caller = "a", string method = "GET")
    {
        LimitProgram program = Book.For(scope);
        LimitedRule[]? one = only < 0 ? null : [Rules(program)[only]];
        return [.. Enumerable.Range(0, times).Select(_ => one is null ? program.Judge(Facts(caller, path, method), 0, _tokens).Refusing is null : _tokens.Take(one, Facts(caller, path, method), 0, out long _) is null)];
    }

    private static LimitedRule[] Rules(LimitProgram program) => program.Enforced;

    private string[] Counted()
    {
        ArrayBufferWriter<byte> text = new();
        _registry.WriteTo(text);
        return [.. Encoding.UTF8.GetString(text.WrittenSpan).Split('\n').Where(static line => line.StartsWith("ambient_waypoint_rate_limit_requests_total{", StringComparison.Ordinal) && !line.EndsWith(" 0", StringComparison.Ordinal))
            .Select(static line => line["ambient_waypoint_rate_limit_requests_total{".Length..]).Order(StringComparer.Ordinal)];
    }
}

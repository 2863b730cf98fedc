using System.Text;
using System.Text.Json.Nodes;
using Ambient.Kubernetes.Resources;
using Ambient.Protocol.Istio.Security;

namespace Ambient.ControlPlane.Discovery.Tests.Policies;

/// <summary>A policy with a field that is wrong in type or value never lets through what it stops when it is right.</summary>
public sealed class PolicyDamageTests
{
    private static readonly string[] Principals = ["", "cluster.local/ns/ns1/sa/a", "cluster.local/ns/ns2/sa/b"];
    private static readonly PlainJudge.Request[] Requests =
    [
        .. from principal in Principals
           from source in new[] { "10.1.2.3", "192.168.0.9" }
           from port in new uint[] { 80, 8080 }
           select new PlainJudge.Request(principal, principal.Length == 0 ? "" : principal.Split('/')[2], source, "10.0.0.1", port),
    ];

    [Theory]
    [InlineData("AuthorizationPolicy", 1)]
    [InlineData("AuthorizationPolicy", 2)]
    [InlineData("AuthorizationPolicy", 3)]
    [InlineData("PeerAuthentication", 4)]
    public void DamagedField_NeverOpens(string kind, int seed)
    {
        var random = new Random(seed);
        int guarded = 0;
        for (int round = 0; round < 300; round++)
        {
            bool isPeer = kind == "PeerAuthentication";
            JsonObject whole = isPeer ? Peer(random) : Policy(random);
            var damaged = (JsonObject)whole.DeepClone();
            string what = Damage.Do(damaged, random);
            string others = Others(random);
            HashSet<string> before = Allowed(isPeer, whole, others, out bool isGuardedBefore), after = Allowed(isPeer, damaged, others, out bool isGuarded);

            Assert.False(isGuardedBefore, $"seed {seed}, round {round}: cannot be read: {whole.ToJsonString()}");
            after.ExceptWith(before);
            Assert.True(after.Count == 0, $"seed {seed}, round {round}, {what} opens {string.Join(' ', after)}: {damaged.ToJsonString()} beside {others}");
            guarded += isGuarded ? 1 : 0;
        }

        // That the test damages things.
        Assert.InRange(guarded, 50, 300);
    }

    [Theory]
    [InlineData("""{"action":"DENY","rules":"all"}""", "Deny 1 Namespace", "spec.rules: is not a list")]
    [InlineData("""{"action":"DENY","selector":{"matchLabels":{"app":"one","x":5}},"rules":[{}]}""", "Deny 1 WorkloadSelector", "spec.selector.matchLabels.x: is not a text (put it in quotes)")]
    [InlineData("""{"rules":[{"from":[{"source":{"princpals":["a"]}}]}]}""", "Allow 0 Namespace", "spec.rules[0].from[0].source.princpals: is no known field")]
    [InlineData("""{"acton":"DENY","rules":[{}]}""", "Deny 1 Namespace", "spec.acton: is no known field")]
    [InlineData("""{"action":"DENNY","rules":[{}]}""", "Deny 1 Namespace", "spec.action: is none of ALLOW, DENY, AUDIT, CUSTOM")]
    [InlineData("""{"rules":[null]}""", "Allow 0 Namespace", "spec.rules[0]: is null")]
    [InlineData("""{"rules":[{"from":[]}]}""", "Allow 0 Namespace", "spec.rules[0].from: is empty")]
    [InlineData("""{"rules":[{"from":[{"source":{}}]}]}""", "Allow 0 Namespace", "spec.rules[0].from[0].source: says nothing; it needs principals")]
    public void UnreadablePolicy_IsServedAsTheStrictest_UntilItCanBeRead(string spec, string expected, string problem)
    {
        var cluster = new Cluster();
        var key = new ResourceKey("ns1", "p");
        string json = Cluster.Meta("p", "ns1", "{}", "{}", $"\"spec\":{spec}");
        Assert.False(KnownResources.AuthorizationPolicies.TryRead(Encoding.UTF8.GetBytes(json), out _, out ReadProblem? found));
        Assert.StartsWith(problem, found.ToString(), StringComparison.Ordinal);

        Assert.True(cluster.Index.SetUnreadable(KnownResources.AuthorizationPolicies, key, found));
        Authorization served = cluster.Policy("ns1/p");
        Assert.Equal(expected, $"{served.Action} {served.Rules.Count} {served.Scope}");
        Assert.All(served.Rules, static rule => Assert.Empty(rule.Clauses));

        cluster.Authorization("p", """{"action":"AUDIT"}""");
        Assert.Empty(cluster.PolicyNames);
        cluster.Index.SetUnreadable(KnownResources.AuthorizationPolicies, key, found);
        cluster.NoAuthorization("p");
        Assert.Empty(cluster.PolicyNames);
    }

    [Fact]
    public void UnreadablePeerAuthentication_DeniesPlaintext_UntilItCanBeRead()
    {
        var cluster = new Cluster();
        string json = Cluster.Meta("p", "ns1", "{}", "{}", """
            "spec":{"mtls":{"mode":"STRCIT"}}
            """);
        Assert.False(KnownResources.PeerAuthentications.TryRead(Encoding.UTF8.GetBytes(json), out _, out ReadProblem? found));

        Assert.True(cluster.Index.SetUnreadable(KnownResources.PeerAuthentications, new ResourceKey("ns1", "p"), found));
        Authorization served = cluster.Policy("ns1/unreadable_peer_authentication_p");
        Assert.Equal((Scope.Namespace, StringMatch.MatchTypeOneofCase.Presence), (served.Scope, served.Rules[0].Clauses[0].Matches[0].NotPrincipals.Single().MatchTypeCase));

        cluster.Peer("p", """{"mtls":{"mode":"PERMISSIVE"}}""");
        Assert.DoesNotContain("ns1/unreadable_peer_authentication_p", cluster.PolicyNames);
    }

    private static HashSet<string> Allowed(bool isPeer, JsonObject policy, string others, out bool isGuarded)
    {
        var cluster = new Cluster();
        cluster.Namespace("ns1");
        cluster.Pod("one", "10.0.0.1", """{"app":"one","tier":"x"}""");
        cluster.Pod("two", "10.0.0.2", """{"app":"two","tier":"x"}""");
        cluster.Pod("far", "10.0.0.3", """{"app":"one"}""", ns: "ns2");
        cluster.Authorization("other", others);
        cluster.Peer("older", """{"selector":{"matchLabels":{"tier":"x"}},"mtls":{"mode":"PERMISSIVE"}}""", created: "2031-01-01T00:00:00Z");
        isGuarded = isPeer ? Feed(cluster, KnownResources.PeerAuthentications, policy, cluster.Index.SetPeerAuthentication) : Feed(cluster, KnownResources.AuthorizationPolicies, policy, cluster.Index.SetAuthorizationPolicy);
        cluster.Events();
        Authorization[] policies = [.. cluster.PolicyNames.Select(cluster.Policy)];
        return [.. new[] { "one", "two", "far" }.SelectMany(pod =>
        {
            string ns = pod == "far" ? "ns2" : "ns1";
            IList<string> listed = cluster.Workload($"cluster0//Pod/{ns}/{pod}").AuthorizationPolicies;
            Authorization[] applicable = [.. policies.Where(each => each.Scope == Scope.Global || (each.Scope == Scope.Namespace && each.Namespace == ns) || listed.Contains($"{each.Namespace}/{each.Name}"))];
            return Requests.Where(request => PlainJudge.Allows(applicable, request)).Select(request => $"{request.Principal}@{request.From}->{pod}:{request.Port}");
        })];
    }

    private static bool Feed<T>(Cluster cluster, ResourceType<T> type, JsonObject json, Action<ResourceKey, T?> set)
        where T : Resource
    {
        if (type.TryRead(Encoding.UTF8.GetBytes(json.ToJsonString()), out T? read, out ReadProblem? problem))
        {
            set(read.Key, read);
            return false;
        }

        cluster.Index.SetUnreadable(type, new ResourceKey((string)json["metadata"]!["namespace"]!, "p"), problem);
        return true;
    }

    private static string Others(Random random) => random.Next(4) switch
    {
        0 => """{"action":"DENY","rules":[{"to":[{"operation":{"ports":["8080"]}}]}]}""",
        1 => """{"rules":[{}]}""",
        2 => """{"selector":{"matchLabels":{"app":"two"}},"rules":[{"from":[{"source":{"namespaces":["ns2"]}}]}]}""",
        _ => """{"action":"AUDIT"}""",
    };

    private static JsonObject Policy(Random random)
    {
        JsonObject spec = [];
        Perhaps(random, () => spec["selector"] = new JsonObject { ["matchLabels"] = Labels(random) });
        if (Pick(random, "ALLOW", "DENY", "DENY", "") is { Length: > 0 } action)
        {
            spec["action"] = action;
        }

        spec["rules"] = new JsonArray([.. Enumerable.Range(0, random.Next(1, 3)).Select(_ => (JsonNode)Rule(random))]);
        return Whole(random, spec);
    }

    private static JsonObject Rule(Random random)
    {
        JsonObject rule = [];
        Perhaps(random, () => rule["from"] = new JsonArray([.. Enumerable.Range(0, random.Next(1, 3)).Select(_ => (JsonNode)new JsonObject { ["source"] = Source(random) })]));
        Perhaps(random, () => rule["to"] = new JsonArray(new JsonObject
        {
            ["operation"] = new JsonObject { [Pick(random, "ports", "notPorts", "ports", "methods")] = Texts(random, "80", "8080", "9090") },
        }));
        Perhaps(random, () => rule["when"] = new JsonArray(new JsonObject
        {
            ["key"] = Pick(random, "source.ip", "destination.ip"),
            [Pick(random, "values", "notValues")] = Texts(random, "10.0.0.0/8", "10.1.2.3", "192.168.0.0/16"),
        }));
        return rule;
    }

    private static JsonObject Source(Random random)
    {
        JsonObject source = [];
        while (source.Count == 0)
        {
            Perhaps(random, () => source[Pick(random, "principals", "notPrincipals")] = Texts(random, "*", "cluster.local/ns/ns1/*", "*/sa/b", "cluster.local/ns/ns1/sa/a"));
            Perhaps(random, () => source[Pick(random, "namespaces", "notNamespaces")] = Texts(random, "ns1", "ns*", "ns2"));
            Perhaps(random, () => source[Pick(random, "ipBlocks", "notIpBlocks")] = Texts(random, "10.0.0.0/8", "192.168.0.9"));
            Perhaps(random, () => source[Pick(random, "serviceAccounts", "notServiceAccounts")] = Texts(random, "a", "ns2/b"));
        }

        return source;
    }

    private static JsonObject Peer(Random random)
    {
        JsonObject spec = [];
        Perhaps(random, () => spec["mtls"] = new JsonObject { ["mode"] = Pick(random, "STRICT", "STRICT", "PERMISSIVE", "UNSET") });
        Perhaps(random, () =>
        {
            spec["selector"] = new JsonObject { ["matchLabels"] = Labels(random) };
            spec["portLevelMtls"] = new JsonObject { [Pick(random, "80", "8080")] = new JsonObject { ["mode"] = Pick(random, "STRICT", "DISABLE", "PERMISSIVE") } };
        });
        return Whole(random, spec);
    }

    private static JsonObject Whole(Random random, JsonObject spec) => new()
    {
        ["apiVersion"] = "security.istio.io/v1",
        ["metadata"] = new JsonObject
        {
            ["name"] = "p",
            ["namespace"] = Pick(random, "ns1", "ns1", "istio-system"),
            ["labels"] = new JsonObject { ["a"] = "b" },
            ["creationTimestamp"] = "2030-01-01T00:00:00Z",
        },
        ["spec"] = spec,
        ["status"] = new JsonObject { ["conditions"] = new JsonArray(new JsonObject { ["type"] = "X", ["observedGeneration"] = "1" }) },
    };

    private static JsonObject Labels(Random random)
    {
        JsonObject labels = new() { ["app"] = Pick(random, "one", "two") };
        Perhaps(random, () => labels["tier"] = "x");
        return labels;
    }

    private static JsonArray Texts(Random random, params string[] some) => new([.. some.Where(_ => random.Next(2) == 0).DefaultIfEmpty(some[0]).Select(static text => (JsonNode)text)]);

    private static string Pick(Random random, params string[] some) => some[random.Next(some.Length)];

    private static void Perhaps(Random random, System.Action act)
    {
        if (random.Next(2) == 0)
        {
            act();
        }
    }
}

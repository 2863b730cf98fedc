using Ambient.Mesh.Addresses;
using Ambient.Mesh.Identities;
using Ambient.Mesh.Policies;
using Ambient.Mesh.Workloads;
using static Ambient.Mesh.Tests.TestMesh;

namespace Ambient.Mesh.Tests.Policies;

/// <summary>The table of ztunnel.md 12 J.</summary>
public class PolicyTests
{
    private static readonly ConnectionFacts P = Facts("127.0.0.1:1", "127.0.0.2:8080", null);
    private static readonly ConnectionFacts T = Facts("127.0.0.1:1", "127.0.0.2:8080", new SpiffeId("td", "namespace", "account"));
    private static readonly ConnectionFacts A = Facts("127.0.0.3:1", "127.0.0.4:9090", new SpiffeId("td-alt", "ns-alt", "sa=alt"));

    public static TheoryData<int, PolicyMatch, bool, bool, bool> Matches => new()
    {
        { 145, new PolicyMatch { Namespaces = [StringMatch.Exact("namespace")] }, false, true, false },
        { 146, new PolicyMatch { NotNamespaces = [StringMatch.Exact("namespace")] }, true, false, true },
        { 147, new PolicyMatch { ServiceAccounts = [new ServiceAccountMatch("namespace", "account")] }, false, true, false },
        { 148, new PolicyMatch { NotServiceAccounts = [new ServiceAccountMatch("namespace", "account")] }, true, false, true },
        { 149, new PolicyMatch { Principals = [StringMatch.Exact("td/ns/namespace/sa/account")] }, false, true, false },
        { 150, new PolicyMatch { NotPrincipals = [StringMatch.Exact("td/ns/namespace/sa/account")] }, true, false, true },
        { 151, new PolicyMatch { SourceIps = [IpPrefix.Parse("127.0.0.1/32")] }, true, true, false },
        { 152, new PolicyMatch { NotSourceIps = [IpPrefix.Parse("127.0.0.1/32")] }, false, false, true },
        { 153, new PolicyMatch { DestinationIps = [IpPrefix.Parse("127.0.0.2/32")] }, true, true, false },
        { 154, new PolicyMatch { NotDestinationIps = [IpPrefix.Parse("127.0.0.2/32")] }, false, false, true },
        { 155, new PolicyMatch { DestinationIps = [IpPrefix.Parse("127.0.0.1/24")] }, true, true, true },
        { 156, new PolicyMatch { DestinationPorts = [8080] }, true, true, false },
        { 157, new PolicyMatch { NotDestinationPorts = [8080] }, false, false, true },
        { 0, new PolicyMatch(), false, false, false },
        { 0, new PolicyMatch { Principals = [StringMatch.Exact("spiffe://td/ns/namespace/sa/account")] }, false, false, false },
        { 0, new PolicyMatch { NotPrincipals = [StringMatch.Presence()] }, true, false, false },
        { 0, new PolicyMatch { Namespaces = [StringMatch.Exact("")] }, true, false, false },
        { 0, new PolicyMatch { Namespaces = [StringMatch.Prefix("")] }, true, true, true },
        { 0, new PolicyMatch { Principals = [StringMatch.Prefix("")] }, false, true, true },
        { 0, new PolicyMatch { Namespaces = [StringMatch.Exact("namespace")], DestinationPorts = [9090] }, false, false, false },
        { 0, new PolicyMatch { SourceIps = [IpPrefix.Parse("::/0")] }, false, false, false },
    };

    [Theory]
    [Trait("behaviour", "ZT-145")]
    [Trait("behaviour", "ZT-146")]
    [Trait("behaviour", "ZT-147")]
    [Trait("behaviour", "ZT-148")]
    [Trait("behaviour", "ZT-149")]
    [Trait("behaviour", "ZT-150")]
    [Trait("behaviour", "ZT-151")]
    [Trait("behaviour", "ZT-152")]
    [Trait("behaviour", "ZT-153")]
    [Trait("behaviour", "ZT-154")]
    [Trait("behaviour", "ZT-155")]
    [Trait("behaviour", "ZT-156")]
    [Trait("behaviour", "ZT-157")]
    [MemberData(nameof(Matches))]
    public void Match_OfEachField(int number, PolicyMatch match, bool plain, bool tls, bool alternative)
    {
        AuthorizationPolicy policy = Policy("p", rules: [Rule(match)]);
        Assert.Equal((number, plain, tls, alternative), (number, Hits(policy, P), Hits(policy, T), Hits(policy, A)));
    }

    [Theory]
    [Trait("behaviour", "ZT-158")]
    [InlineData("a", 80, "", true)]
    [InlineData("b", 80, "other", true)]
    [InlineData("bad", 80, "", false)]
    [InlineData("a", 12345, "", false)]
    public void Clauses_MustAllMatch(string space, int port, string network, bool expected)
    {
        AuthorizationPolicy policy = Policy("p", rules: [new PolicyRule([
            new PolicyClause([new PolicyMatch { Namespaces = [StringMatch.Exact("a")] }, new PolicyMatch { Namespaces = [StringMatch.Exact("b")] }]),
            new PolicyClause([new PolicyMatch { DestinationPorts = [80] }])])]);
        Assert.Equal(expected, Hits(policy, Facts("1.1.1.1:1", $"2.2.2.2:{port}", new SpiffeId("td", space, "sa")) with { Network = network }));
    }

    [Theory]
    [Trait("behaviour", "ZT-159")]
    [InlineData("a", true)]
    [InlineData("b", true)]
    [InlineData("bad", false)]
    public void Rules_AreAlternatives(string space, bool expected)
    {
        AuthorizationPolicy policy = Policy("p", rules: [Rule(new PolicyMatch { Namespaces = [StringMatch.Exact("a")] }), Rule(new PolicyMatch { Namespaces = [StringMatch.Exact("b")] })]);
        Assert.Equal(expected, Hits(policy, Facts("1.1.1.1:1", "2.2.2.2:2", new SpiffeId("td", space, "sa"))));
    }

    [Theory]
    [Trait("behaviour", "ZT-160")]
    [InlineData(StringMatchKind.Exact, "foo", "foo", true)]
    [InlineData(StringMatchKind.Exact, "foo", "not", false)]
    [InlineData(StringMatchKind.Exact, "foo", "", false)]
    [InlineData(StringMatchKind.Prefix, "foo", "foobar", true)]
    [InlineData(StringMatchKind.Prefix, "foo", "notfoo", false)]
    [InlineData(StringMatchKind.Prefix, "foo", "", false)]
    [InlineData(StringMatchKind.Suffix, "foo", "barfoo", true)]
    [InlineData(StringMatchKind.Suffix, "foo", "foonot", false)]
    [InlineData(StringMatchKind.Suffix, "foo", "", false)]
    [InlineData(StringMatchKind.Presence, "", "foo", true)]
    [InlineData(StringMatchKind.Presence, "", "", false)]
    [InlineData(StringMatchKind.Exact, "foo", "FOO", false)]
    public void StringMatch_Kinds(StringMatchKind kind, string value, string text, bool expected) => Assert.Equal(expected, new StringMatch(kind, value).Matches(text));

    [Fact]
    [Trait("behaviour", "ZT-161")]
    public void NamespacePolicies_ApplyToTheirNamespace()
    {
        TestMesh mesh = new();
        PolicyRule Principal(StringMatch match) => Rule(new PolicyMatch { Principals = [match] });
        mesh.Put(
            Policy("allow", space: "ns1", rules: [Principal(StringMatch.Exact("td/ns/ns1/sa/defaultacct"))]),
            Policy("deny", PolicyAction.Deny, "ns1", rules: [Principal(StringMatch.Exact("td/ns/ns1/sa/denyacct"))]),
            Policy("dry-allow", PolicyAction.Allow, "ns1", dryRun: true, rules: [Principal(StringMatch.Presence())]),
            Policy("dry-deny", PolicyAction.Deny, "ns1", dryRun: true, rules: [Principal(StringMatch.Presence())]));
        Verdict Ask(string account, string space) => PolicyEngine.Evaluate(
            mesh.View, Facts("1.1.1.1:1", "2.2.2.2:80", new SpiffeId("td", "ns1", account)), Workload("w", "2.2.2.2", spec => spec.Namespace = space));

        Assert.All(new[] { "defaultacct", "denyacct", "other" }, account => Assert.True(Ask(account, "ns2").IsAllowed));
        Assert.True(Ask("defaultacct", "ns1").IsAllowed);
        Assert.Equal("ns1/allow", Ask("defaultacct", "ns1").PolicyKey);
        Assert.Equal((false, "connection closed due to policy rejection: allow policies exist, but none allowed"), (Ask("other", "ns1").IsAllowed, Ask("other", "ns1").Reason));
        Assert.Equal((false, "connection closed due to policy rejection: explicitly denied by: ns1/deny"), (Ask("denyacct", "ns1").IsAllowed, Ask("denyacct", "ns1").Reason));
    }

    [Fact]
    [Trait("behaviour", "ZT-162")]
    public void NoPolicies_Allow()
    {
        Verdict verdict = PolicyEngine.Evaluate(PolicySet.Empty, P, Workload("w"));
        Assert.Equal((true, "no allow policies, allow", "", 0), (verdict.IsAllowed, verdict.Message, verdict.Reason, verdict.Notes.Count));
        Assert.False(default(Verdict).IsAllowed);
    }

    [Fact]
    [Trait("behaviour", "ZT-163")]
    public void DryRuns_AreNotedOnly()
    {
        TestMesh mesh = new();
        PolicyRule everything = new([]);
        mesh.Put(
            Policy("allow", rules: [everything]),
            Policy("dry-deny", PolicyAction.Deny, dryRun: true, rules: [everything]),
            Policy("dry-allow", dryRun: true, rules: [everything]));
        Verdict verdict = PolicyEngine.Evaluate(mesh.View, T, Workload("w"));
        Assert.Equal((true, "allow policy match", "ns/allow"), (verdict.IsAllowed, verdict.Message, verdict.PolicyKey));
        Assert.Equal([new PolicyNote("dry-run: deny policy match", "ns/dry-deny"), new PolicyNote("dry-run: allow policy match", "ns/dry-allow")], verdict.Notes);
    }

    [Fact]
    public void DryRunAllows_WithoutAMatch_AreNotedAndDoNotRefuse()
    {
        TestMesh mesh = new();
        mesh.Put(Policy("dry-allow", dryRun: true, rules: []));
        Verdict verdict = PolicyEngine.Evaluate(mesh.View, T, Workload("w"));
        Assert.True(verdict.IsAllowed);
        Assert.Equal(["dry-run: no allow policies match"], verdict.Notes.Select(note => note.Message));
    }

    [Fact]
    public void PolicyWithoutRules_MatchesNothing_ButAnAllowRefuses()
    {
        TestMesh mesh = new();
        mesh.Put(Policy("inert", PolicyAction.Deny, rules: []));
        Assert.True(PolicyEngine.Evaluate(mesh.View, T, Workload("w")).IsAllowed);
        mesh.Put(Policy("closed", rules: []));
        Assert.False(PolicyEngine.Evaluate(mesh.View, T, Workload("w")).IsAllowed);
    }

    [Fact]
    public void ListedPolicyThatIsUnknown_IsSkippedWithANote()
    {
        Verdict verdict = PolicyEngine.Evaluate(PolicySet.Empty, T, Workload("w", null, spec => spec.AuthorizationPolicies.Add("ns/nowhere")));
        Assert.True(verdict.IsAllowed);
        Assert.Equal(new PolicyNote(PolicyEngine.UnknownPolicy, "ns/nowhere"), verdict.Notes.Single());
    }

    /// <summary>Random policies come, change and go; after each step the engine answers as the interpreter does.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Engine_EqualsTheInterpreter(int seed)
    {
        Random random = new(seed);
        PolicySource source = new(random);
        TestMesh mesh = new();
        Dictionary<string, AuthorizationPolicy> model = [];
        int refused = 0, decided = 0;
        for (int round = 0; round < 120; round++)
        {
            Ambient.Mesh.Views.MeshBatch batch = new();
            for (int i = random.Next(round == 60 ? 200 : 8); i >= 0; i--)
            {
                string key = $"k{random.Next(90)}";
                if (random.Next(4) == 0 && batch.Policies.TrueForAll(item => item.Key != key))
                {
                    batch.RemovedPolicies.Add(key);
                    model.Remove(key);
                }
                else
                {
                    AuthorizationPolicy policy = source.Policy(key);
                    batch.Policies.Add((key, policy));
                    model[key] = policy;
                }
            }

            mesh.State.Apply(batch);
            Assert.Equal(model.Count, mesh.View.Policies.Count);
            for (int i = 0; i < 60; i++)
            {
                ConnectionFacts facts = source.Facts();
                Workload destination = source.Destination();
                Verdict verdict = PolicyEngine.Evaluate(mesh.View, facts, destination);
                bool expected = PolicyInterpreter.IsAllowed(model.Select(pair => (pair.Key, pair.Value)), facts, destination, out List<string> deciders);
                Assert.True(expected == verdict.IsAllowed, $"seed {seed}, round {round}: {facts} {destination.Namespace} expected {expected}");
                Assert.True(verdict.PolicyKey is null ? deciders.Count == 0 : deciders.Contains(verdict.PolicyKey), $"seed {seed}, round {round}: {verdict.PolicyKey}");
                refused += expected ? 0 : 1;
                decided += deciders.Count > 0 ? 1 : 0;
            }
        }

        // Neither side of the comparison may be trivial.
        Assert.InRange(refused, 500, 6_900);
        Assert.InRange(decided, 500, 7_190);
    }

    private static ConnectionFacts Facts(string source, string destination, SpiffeId? peer) => new(IpPort.Parse(source), IpPort.Parse(destination), peer, "");

    private static PolicyRule Rule(PolicyMatch match) => new([new PolicyClause([match])]);

    private static AuthorizationPolicy Policy(string name, PolicyAction action = PolicyAction.Allow, string space = "ns", bool dryRun = false, params PolicyRule[] rules) =>
        new() { Name = name, Namespace = space, Scope = PolicyScope.Namespace, Action = action, IsDryRun = dryRun, Rules = rules };

    /// <summary>Asks the interpreter, the compiled policy and, through a DENY, the index.</summary>
    private static bool Hits(AuthorizationPolicy policy, ConnectionFacts facts)
    {
        bool expected = PolicyInterpreter.Matches(policy, facts);
        Assert.Equal(expected, new CompiledPolicy("k", policy).Matches(facts));
        List<CompiledPolicy> many = [.. Enumerable.Range(0, 40).Select(i => new CompiledPolicy($"k{i:00}", policy))];
        PolicyList list = PolicyList.Empty.With([], many);
        Assert.Equal(expected ? "k00" : null, list.First(facts)?.Key);
        Assert.Equal(expected ? 40 : 0, list.All(facts)?.Count ?? 0);
        return expected;
    }
}

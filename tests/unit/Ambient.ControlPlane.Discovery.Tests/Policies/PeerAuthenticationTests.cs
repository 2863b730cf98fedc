using Ambient.Protocol.Istio.Security;

namespace Ambient.ControlPlane.Discovery.Tests.Policies;

public sealed class PeerAuthenticationTests
{
    private const string Static = "istio-system/istio_converted_static_strict";
    private const string Converted = "ns1/converted_peer_authentication_selector";
    private const string Selector = "\"selector\":{\"matchLabels\":{\"app\":\"a\"}}";
    private static readonly string[] Modes = ["absent", "UNSET", "PERMISSIVE", "STRICT", "DISABLE"];

    [Fact]
    [Trait("behaviour", "CP-145")]
    [Trait("behaviour", "CP-146")]
    [Trait("behaviour", "CP-147")]
    [Trait("behaviour", "CP-148")]
    [Trait("behaviour", "CP-149")]
    [Trait("behaviour", "CP-150")]
    [Trait("behaviour", "CP-156")]
    public void LifeOfPeerAuthentications()
    {
        var cluster = new Cluster();
        cluster.Pod("a", "10.0.0.1", """{"app":"a"}""");
        cluster.Pod("b", "10.0.0.2", """{"app":"b"}""");
        cluster.Events();

        cluster.Peer("mesh", """{"mtls":{"mode":"PERMISSIVE"}}""", "istio-system");
        Assert.Equal("+" + Static, cluster.Events());
        cluster.Peer("ns", """{"mtls":{"mode":"STRICT"}}""");
        Assert.Equal("+cluster0//Pod/ns1/a +cluster0//Pod/ns1/b", cluster.Events());
        Assert.Equal([Static], Listed(cluster, "b"));
        cluster.Peer("selector", $$"""{"mtls":{"mode":"STRICT"},{{Selector}}}""");
        Assert.Equal("", cluster.Events());
        cluster.Peer("selector", $$"""{"mtls":{"mode":"PERMISSIVE"},{{Selector}}}""");
        Assert.Equal("+cluster0//Pod/ns1/a", cluster.Events());
        Assert.Empty(Listed(cluster, "a"));
        cluster.Peer("selector", $$$"""{"mtls":{"mode":"PERMISSIVE"},"portLevelMtls":{"9090":{"mode":"STRICT"}},{{{Selector}}}}""");
        Assert.Equal($"+cluster0//Pod/ns1/a +{Converted}", cluster.Events());
        Assert.Equal([Converted], Listed(cluster, "a"));
        Assert.Equal([Static], Listed(cluster, "b"));
        cluster.Pod("b", "10.0.0.2", """{"app":"a"}""");
        cluster.Events();
        Assert.Equal([Converted], Listed(cluster, "b"));
        cluster.NoPeer("selector");
        cluster.NoPeer("ns");
        cluster.NoPeer("mesh", "istio-system");
        Assert.Equal($"+cluster0//Pod/ns1/a +cluster0//Pod/ns1/b -{Static} -{Converted}", cluster.Events());
        Assert.Empty(cluster.PolicyNames);
    }

    [Fact]
    [Trait("behaviour", "CP-151")]
    [Trait("behaviour", "CP-152")]
    [Trait("behaviour", "CP-153")]
    [Trait("behaviour", "CP-154")]
    public void Selectors_AndTheirPorts()
    {
        Assert.Empty(ListedUnder(null, null, root: $$"""{"mtls":{"mode":"STRICT"},{{Selector}}}"""));
        Assert.Equal([Static], ListedUnder(null, $$"""{"mtls":{"mode":"STRICT"},{{Selector}}}"""));
        Assert.Equal([Converted], ListedUnder(null, $$$"""{"mtls":{"mode":"STRICT"},"portLevelMtls":{"9090":{"mode":"PERMISSIVE"}},{{{Selector}}}}"""));
        Assert.Equal([Converted], ListedUnder("PERMISSIVE", $$$"""{"portLevelMtls":{"9090":{"mode":"STRICT"}},{{{Selector}}}}"""));
        Assert.Equal([Static], ListedUnder("STRICT", $$$"""{"portLevelMtls":{"9090":{"mode":"STRICT"}},{{{Selector}}}}"""));
        Assert.Empty(ListedUnder("STRICT", $$"""{"mtls":{"mode":"DISABLE"},{{Selector}}}"""));
    }

    [Theory]
    [Trait("behaviour", "CP-157")]
    [Trait("behaviour", "CP-158")]
    [InlineData(null, null, "STRICT", "", "")]
    [InlineData(null, null, "PERMISSIVE", "", "")]
    [InlineData(null, null, "DISABLE", "", "")]
    [InlineData(null, null, "DISABLE", "9090=STRICT", "[p9090 nobody]")]
    [InlineData(null, null, "PERMISSIVE", "9090=STRICT", "[p9090 nobody]")]
    [InlineData(null, null, "STRICT", "9090=PERMISSIVE", "[nobody][!p9090]")]
    [InlineData(null, null, "STRICT", "9090=DISABLE", "[nobody][!p9090]")]
    [InlineData(null, null, "STRICT", "8080=STRICT", "")]
    [InlineData(null, null, "UNSET", "8080=STRICT", "[p8080 nobody]")]
    [InlineData(null, null, "STRICT", "9090=STRICT,8080=PERMISSIVE", "[nobody][!p8080]")]
    [InlineData("PERMISSIVE", "PERMISSIVE", "UNSET", "9090=STRICT,8080=STRICT", "[p8080 nobody] | [p9090 nobody]")]
    [InlineData("PERMISSIVE", "UNSET", "UNSET", "9090=STRICT,8080=PERMISSIVE", "[p9090 nobody]")]
    [InlineData("STRICT", null, "UNSET", "9090=PERMISSIVE", "[!p9090][nobody]")]
    [InlineData("PERMISSIVE", "STRICT", "UNSET", "9090=PERMISSIVE", "[!p9090][nobody]")]
    public void Conversion(string? mesh, string? ns, string own, string ports, string expected)
    {
        Cluster cluster = Make(mesh, ns, own, [.. ports.Split(',', StringSplitOptions.RemoveEmptyEntries)]);

        Assert.Equal(expected, cluster.PolicyNames.Contains(Converted) ? string.Join(" | ", cluster.Policy(Converted).Rules.Select(Text)) : "");
    }

    /// <summary>Q5: over all modes of mesh, namespace, workload and ports, what is listed exists, and denies plaintext just where it should.</summary>
    [Fact]
    public void Listing_AndPoliciesAgree()
    {
        foreach (string mesh in Modes)
        {
            foreach (string ns in Modes)
            {
                foreach (string own in Modes)
                {
                    foreach (string port in Modes)
                    {
                        Cluster cluster = Make(mesh, ns, own, port == "absent" ? [] : ["9090=" + port]);
                        string[] policies = [.. cluster.PolicyNames];
                        string at = $"mesh {mesh}, namespace {ns}, workload {own}, port {port}";
                        Assert.All(Listed(cluster, "a"), key => Assert.True(policies.Contains(key), $"{at}: {key} does not exist"));
                        foreach (uint asked in new uint[] { 9090, 80 })
                        {
                            bool isStrict = Effective(asked == 9090 && own != "absent" ? port : "absent", own, ns, mesh) == "STRICT";
                            bool isDenied = Listed(cluster, "a").Any(key => cluster.Policy(key).Rules.Any(rule => rule.Clauses.All(clause => clause.Matches.Any(match => DeniesNobody(match, asked)))));
                            Assert.True(isStrict == isDenied, $"{at}: port {asked} is {(isDenied ? "" : "not ")}denied without identity");
                        }
                    }
                }
            }
        }
    }

    private static string Effective(params string[] modes) => modes.FirstOrDefault(mode => mode is not ("absent" or "UNSET")) ?? "PERMISSIVE";

    private static bool DeniesNobody(Match match, uint port) =>
        (match.DestinationPorts.Count == 0 || match.DestinationPorts.Contains(port)) && !match.NotDestinationPorts.Contains(port);

    private static Cluster Make(string? mesh, string? ns, string own, string[] ports)
    {
        var cluster = new Cluster();
        cluster.Pod("a", "10.0.0.1", """{"app":"a"}""");
        if (mesh is not (null or "absent"))
        {
            cluster.Peer("mesh", $$$"""{"mtls":{"mode":"{{{mesh}}}"}}""", "istio-system");
        }

        if (ns is not (null or "absent"))
        {
            cluster.Peer("ns", $$$"""{"mtls":{"mode":"{{{ns}}}"}}""");
        }

        if (own != "absent")
        {
            string levels = string.Join(',', ports.Select(port => $$"""
                "{{port.Split('=')[0]}}":{"mode":"{{port.Split('=')[1]}}"}
                """));
            cluster.Peer("selector", $$$"""{"mtls":{"mode":"{{{own}}}"},"portLevelMtls":{{{{levels}}}},{{{Selector}}}}""");
        }

        return cluster;
    }

    private static string Text(Rule rule) => string.Concat(rule.Clauses.Select(clause => "[" + string.Join(" or ", clause.Matches.Select(Text)) + "]"));

    private static string Text(Match match) => string.Join(
        ' ',
        match.DestinationPorts.Select(port => $"p{port}").Concat(match.NotDestinationPorts.Select(port => $"!p{port}")).Concat(match.NotPrincipals.Select(_ => "nobody")));

    private static IReadOnlyList<string> ListedUnder(string? ns, string? peer, string? root = null)
    {
        var cluster = new Cluster();
        cluster.Pod("a", "10.0.0.1", """{"app":"a"}""");
        if (ns is not null)
        {
            cluster.Peer("ns", $$$"""{"mtls":{"mode":"{{{ns}}}"}}""");
        }

        if (peer is not null)
        {
            cluster.Peer("selector", peer);
        }

        if (root is not null)
        {
            cluster.Peer("selector", root, "istio-system");
        }

        return Listed(cluster, "a");
    }

    private static IReadOnlyList<string> Listed(Cluster cluster, string pod) => cluster.Workload($"cluster0//Pod/ns1/{pod}").AuthorizationPolicies;
}

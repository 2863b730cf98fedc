using Ambient.Cli.Dumps;
using Ambient.Cli.Explaining;
using Ambient.Cli.Tests.Dumps;
using Ambient.Mesh.Views;

namespace Ambient.Cli.Tests.Explaining;

/// <summary>What <c>explain</c> says about the connections of one dump.</summary>
public sealed class ExplainerTests
{
    [Fact]
    public void EveryEndpoint_IsExplained_WithTheRuleThatDecides()
    {
        Explanation all = Explain("web/client", "cart.shop", 80);
        Assert.Equal(2, all.Paths.Count);
        ExplainedPath captured = all.Paths.Single(p => p.Endpoint.StartsWith("shop/cart-0", StringComparison.Ordinal));
        Assert.Equal((Decision.Allowed, "shop/clients rule 2", "allow policy match"), (captured.Decision, captured.DecidedBy, captured.Why));
        Assert.Equal(["ztunnel on node n2"], captured.Enforcers);
        Assert.Equal("HBONE to 10.1.1.9:15008, CONNECT 10.1.1.9:8080", captured.Path);
        Assert.Contains(captured.Notes, n => n.StartsWith("dry-run: deny policy match", StringComparison.Ordinal));
        Assert.Equal([2], captured.Policies.Single(p => p.Key == "shop/clients").MatchedRules);
        Assert.Equal(Decision.NotEnforced, all.Paths.Single(p => p.Endpoint.StartsWith("shop/cart-1", StringComparison.Ordinal)).Decision);
    }

    [Fact]
    public void OtherPort_IsDenied_BecauseNoAllowMatches()
    {
        ExplainedPath path = Assert.Single(Explain("client.web", "shop/cart-0", 9090).Paths);
        Assert.Equal((Decision.Denied, "", "no allow policies matched"), (path.Decision, path.DecidedBy, path.Why));
        Assert.False(Explain("client.web", "10.1.1.9", 9090).IsAllowed);
    }

    [Fact]
    public void PlainText_IsDeniedByStrict()
    {
        ExplainedPath path = Assert.Single(Explain("web/plain", "10.1.1.30", 5432).Paths);
        Assert.Equal((Decision.Denied, "db/strict rule 1"), (path.Decision, path.DecidedBy));
        Assert.StartsWith("plain TCP", path.Path, StringComparison.Ordinal);
        Assert.Contains(path.Notes, n => n.StartsWith("the source is not in the mesh", StringComparison.Ordinal));
    }

    [Fact]
    public void PlainSource_ReachesEndpointsPastTheWaypoint()
    {
        Explanation all = Explain("web/plain", "cart.shop", 80);
        Assert.Equal(["plain TCP to 10.1.1.9:8080", "plain TCP to 10.1.0.9:8080"], all.Paths.OrderBy(p => p.Endpoint, StringComparer.Ordinal).Select(p => p.Path));
        Assert.Equal(Decision.Denied, all.Paths.Single(p => p.Endpoint.StartsWith("shop/cart-0", StringComparison.Ordinal)).Decision);
        Assert.Equal(Decision.NoRoute, Assert.Single(Explain("web/plain", "shop/empty", null).Paths).Decision);
    }

    [Fact]
    public void Waypoint_IsNamed_AndDecides()
    {
        foreach (string to in new[] { "l7.shop.svc.cluster.local", "shop/l7", "10.1.1.30" })
        {
            ExplainedPath path = Assert.Single(Explain("web/client", to, to == "10.1.1.30" ? 5432 : null).Paths);
            Assert.Equal(Decision.NotEnforced, path.Decision);
            Assert.Equal("waypoint shop/waypoint-0", path.Enforcers[0]);
        }
    }

    [Fact]
    public void NoRoute_SaysWhatToDo()
    {
        ExplainedPath path = Assert.Single(Explain("web/client", "empty.shop", null).Paths);
        Assert.Equal(Decision.NoRoute, path.Decision);
        Assert.Contains("no healthy upstream", path.Why, StringComparison.Ordinal);
        Assert.Contains("check its pods", path.Why, StringComparison.Ordinal);
    }

    [Fact]
    public void OutsideOfTheMesh_NobodyDecides() =>
        Assert.Equal((Decision.NotEnforced, "plain TCP to 192.0.2.1:443"), (Explain("web/client", "192.0.2.1", 443).Paths[0].Decision, Explain("web/client", "192.0.2.1", 443).Paths[0].Path));

    [Theory]
    [InlineData("web/nobody", "cart.shop", 80, "'web/nobody' is no workload")]
    [InlineData("web/client", "cart.shop", null, "has the ports 80, 81")]
    [InlineData("web/client", "nothing.nowhere", 80, "neither a service nor a workload")]
    [InlineData("web/client", "10.1.1.9", null, "--port")]
    [InlineData("web/client", "cart.shop", 70000, "is no port")]
    public void UnclearQuestions_AreAnsweredWithWhatIsMissing(string from, string to, int? port, string reason)
    {
        Assert.Null(new Explainer(View(), "").Explain(from, to, port, out string? error));
        Assert.Contains(reason, error, StringComparison.Ordinal);
    }

    [Fact]
    public void UnreadablePolicies_FailClosed_AndAreTold()
    {
        string text = DumpText.Text.Replace("\"notPrincipals\": [{\"Presence\": []}]", "\"notPrincipals\": [{\"Regex\": \"x\"}]", StringComparison.Ordinal);
        Assert.True(ConfigDump.TryParse(System.Text.Encoding.UTF8.GetBytes(text), out ConfigDump? dump, out _));
        List<string> problems = [];
        MeshView view = MeshOfDump.Build(dump, problems);
        Assert.Contains("db/strict", Assert.Single(problems), StringComparison.Ordinal);
        Assert.Equal(Decision.Denied, new Explainer(view, "").Explain("web/plain", "10.1.1.30", 1, out _)!.Paths[0].Decision);
    }

    [Fact]
    public void Words_AreForPeople()
    {
        using var writer = new StringWriter { NewLine = "\n" };
        Explain("web/client", "shop/cart-0", 8080).WriteTo(writer);
        Assert.Contains("ALLOWED   shop/cart-0", writer.ToString(), StringComparison.Ordinal);
        Assert.Contains("decided   shop/clients rule 2: allow policy match", writer.ToString(), StringComparison.Ordinal);
        Assert.Contains("rule 2 of 2", writer.ToString(), StringComparison.Ordinal);
    }

    private static Explanation Explain(string from, string to, int? port)
    {
        Explanation? explanation = new Explainer(View(), "").Explain(from, to, port, out string? error);
        Assert.True(explanation is not null, error);
        return explanation;
    }

    private static MeshView View()
    {
        List<string> problems = [];
        MeshView view = MeshOfDump.Build(DumpTableTests.Dump(), problems);
        Assert.Empty(problems);
        return view;
    }
}

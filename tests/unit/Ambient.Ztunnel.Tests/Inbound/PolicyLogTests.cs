using Ambient.Mesh.Addresses;
using Ambient.Mesh.Policies;
using Ambient.Mesh.Views;
using Ambient.Mesh.Workloads;
using Ambient.Telemetry.Logging;
using Ambient.Ztunnel.Inbound;
using Ambient.Ztunnel.Tests.Observation;

namespace Ambient.Ztunnel.Tests.Inbound;

/// <summary>What operators read of a verdict: the policy that decided, those that are only tried, and one that is missing.</summary>
public sealed class PolicyLogTests
{
    private static readonly PolicyRule Everything = new([]);

    [Theory]
    [InlineData("info", LogLevel.Debug, false)]
    [InlineData("info", LogLevel.Info, true)]
    [InlineData("debug", LogLevel.Debug, true)]
    [Trait("behaviour", "ZT-163")]
    public void VerdictAndTrials_AreWrittenAtTheirLevel_AMissingPolicyIsAlwaysAWarning(string levels, LogLevel level, bool written)
    {
        var batch = new MeshBatch();
        foreach ((string name, PolicyAction action, bool isTrial) in new[] { ("allow", PolicyAction.Allow, false), ("try-deny", PolicyAction.Deny, true), ("try-allow", PolicyAction.Allow, true) })
        {
            batch.Policies.Add(($"ns/{name}", new AuthorizationPolicy { Name = name, Namespace = "ns", Scope = PolicyScope.Namespace, Action = action, IsDryRun = isTrial, Rules = [Everything] }));
        }

        var mesh = new MeshState();
        mesh.Apply(batch);
        var spec = new WorkloadSpec { Uid = "w", Name = "w", Namespace = "ns", TrustDomain = "cluster.local", ServiceAccount = "w" };
        spec.AuthorizationPolicies.Add("ns/nowhere");
        Verdict verdict = PolicyEngine.Evaluate(mesh.Current, new ConnectionFacts(IpPort.Parse("10.0.0.1:1"), IpPort.Parse("10.0.0.2:80"), null, ""), new Workload(spec));

        string[] lines = Write(levels, level, verdict);
        Assert.Single(lines, l => l.Contains("warn", StringComparison.Ordinal) && l.Contains("policy is listed by the workload but not known\tpolicy=\"ns/nowhere\"", StringComparison.Ordinal));
        string[] expected = ["dry-run: deny policy match\tpolicy=\"ns/try-deny\"", "dry-run: allow policy match\tpolicy=\"ns/try-allow\"", "\tallow policy match\tpolicy=\"ns/allow\""];
        Assert.All(expected, text => Assert.Equal(written ? 1 : 0, lines.Count(l => l.Contains(text, StringComparison.Ordinal))));
    }

    private static string[] Write(string levels, LogLevel level, in Verdict verdict)
    {
        Assert.True(LogDirectives.TryParse(levels, out LogDirectives? directives, out _));
        var sink = new LineSink();
        using var logs = new LogHub(new LogHubOptions { Sink = sink, Directives = directives });
        PolicyLog.Write(logs.For("ztunnel::rbac"), level, verdict);
        Assert.True(logs.Flush(TimeSpan.FromSeconds(20)));
        return sink.Lines;
    }
}

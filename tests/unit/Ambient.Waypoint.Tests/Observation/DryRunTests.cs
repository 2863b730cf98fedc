using System.Buffers;
using System.Text;
using Ambient.Mesh.Services;
using Ambient.Protocol.L7;
using Ambient.Routing.Access;
using Ambient.Routing.Messages;
using Ambient.Telemetry.Metrics;
using Ambient.Waypoint.Observation;

namespace Ambient.Waypoint.Tests.Observation;

/// <summary>What is counted of policies on trial.</summary>
public sealed class DryRunTests
{
    private static readonly NamespacedHostname Cart = new("bench", "cart.bench.svc.cluster.local");

    private readonly MetricRegistry _registry = new();

    [Fact]
    [Trait("behaviour", "WP-173")]
    public void EachKind_IsCountedApart_ByTheRuleThatWouldHaveSaidIt()
    {
        DryRunMetrics metrics = new(_registry);
        AccessRule puts = new() { To = { new AccessOperation { Methods = { "PUT" } } } };
        AccessProgram program = new([Trial("no-puts", AccessAction.Deny, puts), Trial("gets", AccessAction.Allow, new AccessRule { To = { new AccessOperation { Methods = { "GET" } } } })], new AccessContext(["cluster.local"], IsHttp: true));
        DryRunVerdicts put = metrics.Try(program, Facts("PUT"), Cart);
        DryRunVerdicts get = metrics.Try(program, Facts("GET"), Cart);
        Assert.Equal((false, false), (put.Deny!.Value.IsAllowed, put.Allow!.Value.IsAllowed));
        Assert.Equal((true, true), (get.Deny!.Value.IsAllowed, get.Allow!.Value.IsAllowed));
        Assert.Equal(
            [
                Line("allow_shadow_allowed", "ns[bench]-policy[gets]-rule[0]"), Line("allow_shadow_denied", "none"),
                Line("deny_shadow_allowed", "none"), Line("deny_shadow_denied", "ns[bench]-policy[no-puts]-rule[0]"),
            ],
            Lines());
    }

    [Fact]
    public void KindsThatNobodyTries_AreNotCounted()
    {
        DryRunVerdicts verdicts = new DryRunMetrics(_registry).Try(new AccessProgram([Trial("all", AccessAction.Deny, new AccessRule())], new AccessContext(["cluster.local"], IsHttp: true)), Facts("GET"), Cart);
        Assert.Null(verdicts.Allow);
        Assert.Equal([Line("deny_shadow_denied", "ns[bench]-policy[all]-rule[0]")], Lines());
    }

    private static AccessPolicy Trial(string name, AccessAction action, AccessRule rule) => new() { Namespace = "bench", Name = name, Action = action, DryRun = true, Rules = { rule } };

    private static RequestFacts Facts(string method)
    {
        RequestHead head = new() { Method = method, Scheme = "http", Authority = "cart" };
        head.SetTarget("/");
        return new RequestFacts { Head = head };
    }

    private static string Line(string name, string rule) => $"istio_dry_run_{name}_total{{service=\"{Cart}\",rule=\"{rule}\"}} 1";

    private string[] Lines()
    {
        ArrayBufferWriter<byte> text = new();
        _registry.WriteTo(text);
        return [.. Encoding.UTF8.GetString(text.WrittenSpan).Split('\n').Where(static line => line.StartsWith("istio_dry_run", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];
    }
}

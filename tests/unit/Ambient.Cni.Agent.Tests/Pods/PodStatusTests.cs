using System.Net;
using Ambient.Cni.Agent.Pods;
using Ambient.Cni.Enrolment.Pods;

namespace Ambient.Cni.Agent.Tests.Pods;

/// <summary>What is worth saying of a pod, and what is the course of things.</summary>
public sealed class PodStatusTests
{
    private static readonly PodRecord Bare = new() { Facts = new PodFacts { Name = "web", Namespace = "shop", Uid = "u1", Phase = PodPhase.Pending } };
    private static readonly PodRecord Placed = Bare with { Addresses = [IPAddress.Parse("10.0.0.7")] };

    [Fact]
    public void Wanted_WithoutSandboxYet_SaysNothing() => Assert.Null(Wanted(new PodEntry(Bare)));

    [Fact]
    public void Wanted_OfAnEndingPodWhoseSandboxIsGone_SaysNothing() =>
        Assert.Null(Wanted(new PodEntry(Placed with { IsEnding = true }) { Error = "its network namespace was not found" }));

    [Fact]
    public void Wanted_OfAPodWhoseSandboxIsNotFound_SaysWhy() =>
        Assert.Equal(new PodReport(ReportedRedirection.Pending, "not found"), Wanted(new PodEntry(Placed) { Error = "not found" }));

    /// <summary>An annotation that says enabled is withdrawn, whatever is missing.</summary>
    [Fact]
    public void Wanted_OfAPodThatWasEnabled_AndHasNoAddressAnyMore_IsPending()
    {
        var pod = new PodEntry(Bare);
        pod.Reporting.Adopt(Bare with { Annotation = "enabled" });
        Assert.Equal(ReportedRedirection.Pending, Wanted(pod)?.Redirection);
    }

    private static PodReport? Wanted(PodEntry pod) => PodStatus.Wanted(pod, PodAim.Enrol, new PodBookOptions { Enrolment = new() }, TimeSpan.FromHours(1));
}

using System.Net;
using Ambient.Cni.Agent.Pods;
using Ambient.Cni.Agent.Zds;
using Ambient.Cni.Enrolment;
using Ambient.Cni.Enrolment.Pods;
using Ambient.Cni.Enrolment.Selectors;

namespace Ambient.Cni.Agent.Tests.Pods;

/// <summary>Who is touched at all, as events of the API bring pods and namespaces (cni-and-redirection.md 4.3).</summary>
public sealed class MembershipTests
{
    private static readonly NetworkIdentity Here = new(4, 100);
    private readonly List<PodCommand> _commands = [];
    private readonly PodBook _book = new(new PodBookOptions { Enrolment = new EnrolmentOptions { ExcludedNamespaces = EnrolmentOptions.ParseNamespaces("kube-system") } }, TimeSpan.Zero);

    public MembershipTests()
    {
        Tell(new PodEvent.Recalled([]));
        Label("mesh");
        Tell(new PodEvent.Synced([]));
    }

    [Fact]
    [Trait("behaviour", "CNI-112")]
    public void PodWithoutAddress_IsNotTouched_AndIsNoWarning()
    {
        // Its sandbox is not made yet; if that fails, the kubelet says why.
        _commands.Clear();
        Tell(new PodEvent.PodChanged(Pod() with { Addresses = [] }));
        Tell(new PodEvent.Tick(), seconds: 60);
        Assert.Empty(_commands);
    }

    [Fact]
    [Trait("behaviour", "CNI-113")]
    public void PodOnTheHostsNetwork_IsNotTouched() => AssertUntouched(Pod() with { Facts = Pod().Facts with { HostNetwork = true } });

    [Fact]
    public void PodOnTheHostsNetwork_WithACopiedAnnotation_LosesTheAnnotation_AndIsNotLookedFor()
    {
        _commands.Clear();
        Tell(new PodEvent.PodChanged(Pod() with { Facts = Pod().Facts with { HostNetwork = true }, Annotation = "enabled" }));
        Assert.Equal(new PodReport(ReportedRedirection.Absent, null), Assert.IsType<PodCommand.Report>(Assert.Single(_commands)).Content);
    }

    [Fact]
    [Trait("behaviour", "CNI-103")]
    public void PodOnTheHostsNetwork_AskedForByThePlugin_IsOutside()
    {
        Tell(new PodEvent.PodChanged(Pod() with { Facts = Pod().Facts with { HostNetwork = true } }));
        Tell(new PodEvent.SandboxAdded(new SandboxRequest(1, "u", "u", "mesh", Here, [], true, TimeSpan.FromSeconds(4))));
        Assert.Equal(SandboxVerdict.Outside, _commands.OfType<PodCommand.Answer>().Single().Reply.Verdict);
        Assert.DoesNotContain(_commands, c => c is PodCommand.Serve);
    }

    [Fact]
    [Trait("behaviour", "CNI-102")]
    public void PodOfAnUnknownNamespace_IsRefused_WhenNobodyKnowsIt()
    {
        Tell(new PodEvent.PodChanged(Pod("nowhere")));
        Tell(new PodEvent.SandboxAdded(new SandboxRequest(1, "u", "u", "nowhere", Here, [], true, TimeSpan.FromSeconds(4))));
        Assert.Single(_commands.OfType<PodCommand.LookUp>());
        Tell(new PodEvent.LookedUp(1, null, null, "namespace nowhere: not found"));
        SandboxAnswer answer = _commands.OfType<PodCommand.Answer>().Single().Reply;
        Assert.Equal((SandboxVerdict.Failed, "namespace nowhere: not found"), (answer.Verdict, answer.Text));
    }

    [Fact]
    [Trait("behaviour", "CNI-121")]
    [Trait("behaviour", "CNI-209")]
    public void ExcludedNamespace_ThatGetsTheLabel_IsNotTouched()
    {
        Label("kube-system");
        AssertUntouched(Pod("kube-system"));
    }

    [Fact]
    [Trait("behaviour", "CNI-124")]
    public void ExcludedNamespace_PodWithTheKeyAsAnnotation_IsNotTouched()
    {
        Label("kube-system");
        AssertUntouched(Pod("kube-system") with { Facts = Pod("kube-system").Facts with { Annotations = new Dictionary<string, string> { [EnablementSelector.ModeLabel] = "ambient" } } });
    }

    [Fact]
    [Trait("behaviour", "CNI-107")]
    [Trait("behaviour", "CNI-123")]
    public void OtherNamespaceIsExcluded_PodOfALabelledOne_IsAdded()
    {
        Tell(new PodEvent.PodChanged(Pod()));
        Assert.Single(_commands.OfType<PodCommand.Find>());
    }

    [Fact]
    [Trait("behaviour", "CNI-116")]
    public void LabelNone_LeavesOnce_AndAnUnrelatedUpdateChangesNothing()
    {
        Enrol();
        PodRecord none = Pod() with { Facts = Pod().Facts with { Labels = new Dictionary<string, string> { [EnablementSelector.ModeLabel] = "none" } } };
        Tell(new PodEvent.PodChanged(none));
        PodCommand.Remove remove = Assert.Single(_commands.OfType<PodCommand.Remove>());
        Tell(new PodEvent.Done("u", remove.Ticket, StepResult.Ok));
        Done<PodCommand.WithdrawProbes>();
        Done<PodCommand.Forget>();
        Assert.Single(_commands.OfType<PodCommand.Unserve>());
        _commands.Clear();
        Tell(new PodEvent.PodChanged(none with { ServiceAccount = "other" }));
        Assert.Empty(_commands);
    }

    [Fact]
    [Trait("behaviour", "CNI-108")]
    [Trait("behaviour", "CNI-109")]
    [Trait("behaviour", "CNI-127")]
    [Trait("behaviour", "CNI-141")]
    public void ZtunnelThatRefuses_IsAskedAgain_PendingMeanwhile_EnabledInTheEnd()
    {
        Tell(new PodEvent.PodChanged(Pod()));
        Done<PodCommand.Find>(StepResult.Ok with { Network = Here });
        Done<PodCommand.Inspect>(new StepResult(null) { Kernel = KernelState.Absent, Guard = GuardState.Absent });
        long generation = _commands.OfType<PodCommand.Serve>().Single().Generation;
        for (int i = 1; i <= 2; i++)
        {
            Tell(new PodEvent.ProxyAnswered("u", generation, ZdsPodState.Refused, "port 15008 is taken"));
            Tell(new PodEvent.Tick(), seconds: 10 * i);
            Assert.Equal(i, _commands.OfType<PodCommand.ServeAgain>().Count());
        }

        Assert.DoesNotContain(_commands, c => c is PodCommand.AdmitProbes);
        PodCommand.Report pending = _commands.OfType<PodCommand.Report>().Last();
        Assert.Equal(ReportedRedirection.Pending, pending.Content.Redirection);
        Tell(new PodEvent.Reported("u", pending.Content, null), seconds: 30);
        Tell(new PodEvent.ProxyAnswered("u", generation, ZdsPodState.Served, null), seconds: 60);
        Settle(60);
        Assert.Equal(ReportedRedirection.Enabled, _commands.OfType<PodCommand.Report>().Last().Content.Redirection);
    }

    [Theory]
    [InlineData("ambient", null, "sidecar", true)]
    [InlineData("ambient", null, null, false)]
    [InlineData("ambient", "none", null, true)]
    [InlineData(null, "ambient", null, false)]
    [Trait("behaviour", "CNI-24")]
    [Trait("behaviour", "CNI-25")]
    [Trait("behaviour", "CNI-26")]
    [Trait("behaviour", "CNI-27")]
    public void AskedForByThePlugin_TheAgentDecides(string? ns, string? label, string? sidecar, bool outside)
    {
        Tell(new PodEvent.NamespaceChanged(new NamespaceFacts("mesh", Map(EnablementSelector.ModeLabel, ns))));
        PodRecord pod = Pod() with { Facts = Pod().Facts with { Labels = Map(EnablementSelector.ModeLabel, label), Annotations = Map(EnrolmentRules.SidecarAnnotation, sidecar) } };
        Tell(new PodEvent.PodChanged(pod));
        _commands.Clear();
        Tell(new PodEvent.SandboxAdded(new SandboxRequest(1, "u", "u", "mesh", Here, [], true, TimeSpan.FromSeconds(4))));
        Assert.Equal(outside ? 1 : 0, _commands.Count(c => c is PodCommand.LookUp));
        if (outside)
        {
            Tell(new PodEvent.LookedUp(1, pod, new NamespaceFacts("mesh", Map(EnablementSelector.ModeLabel, ns)), null));
        }

        Assert.Equal(outside, _commands.OfType<PodCommand.Answer>().SingleOrDefault()?.Reply.Verdict == SandboxVerdict.Outside);
        Assert.Equal(outside ? 0 : 1, _commands.Count(c => c is PodCommand.Serve));
    }

    [Fact]
    [Trait("behaviour", "CNI-120")]
    public void PodThatFailed_AndSaysEnabled_IsNotServed()
    {
        _commands.Clear();
        Tell(new PodEvent.PodChanged(Pod() with { Facts = Pod().Facts with { Phase = PodPhase.Failed }, Annotation = "enabled" }));
        Assert.DoesNotContain(_commands, c => c is PodCommand.Serve or PodCommand.Find);
        Assert.Equal(ReportedRedirection.Absent, Assert.Single(_commands.OfType<PodCommand.Report>()).Content.Redirection);
    }

    [Fact]
    [Trait("behaviour", "CNI-122")]
    public void ExcludedNamespace_PodThatIsEnabledAtTheStart_LeavesOnce()
    {
        Label("kube-system");
        _commands.Clear();
        Tell(new PodEvent.PodChanged(Pod("kube-system") with { Annotation = "enabled" }));
        Done<PodCommand.Find>(StepResult.Ok with { Network = Here });
        Done<PodCommand.Remove>();
        Assert.Single(_commands.OfType<PodCommand.Remove>());
        Assert.Equal(ReportedRedirection.Absent, _commands.OfType<PodCommand.Report>().Last().Content.Redirection);
    }

    [Fact]
    [Trait("behaviour", "CNI-125")]
    public void UnrelatedUpdate_OfAnEnrolledPod_ChangesNothing()
    {
        Enrol();
        _commands.Clear();
        Tell(new PodEvent.PodChanged(Pod() with { ServiceAccount = "other" }));
        Assert.Empty(_commands);
    }

    [Fact]
    public void AnnotationThatSomebodyRemoves_IsWrittenAgain_AndThePodIsLeftAlone()
    {
        Enrol(version: 7);
        _commands.Clear();
        Tell(new PodEvent.PodChanged(Pod() with { Annotation = "enabled", Version = 7 }), seconds: 1);
        Tell(new PodEvent.Tick(), seconds: 2);
        Assert.Empty(_commands);
        Tell(new PodEvent.PodChanged(Pod() with { Version = 8 }), seconds: 3);
        Tell(new PodEvent.Tick(), seconds: 4);
        Assert.Equal(new PodReport(ReportedRedirection.Enabled, null), Assert.IsType<PodCommand.Report>(Assert.Single(_commands)).Content);
    }

    private static Dictionary<string, string> Map(string key, string? value) => value is null ? [] : new Dictionary<string, string> { [key] = value };

    private static PodRecord Pod(string ns = "mesh") => new()
    {
        Facts = new PodFacts { Name = "u", Namespace = ns, Uid = "u", Phase = PodPhase.Running },
        Addresses = [IPAddress.Parse("10.0.0.2")],
    };

    private void AssertUntouched(PodRecord pod)
    {
        _commands.Clear();
        Tell(new PodEvent.PodChanged(pod));
        Tell(new PodEvent.Tick(), seconds: 60);
        Assert.Empty(_commands);
    }

    private void Enrol(ulong version = 0)
    {
        Tell(new PodEvent.PodChanged(Pod()));
        Done<PodCommand.Find>(StepResult.Ok with { Network = Here });
        Done<PodCommand.Inspect>(new StepResult(null) { Kernel = KernelState.Absent, Guard = GuardState.Absent });
        Tell(new PodEvent.ProxyAnswered("u", _commands.OfType<PodCommand.Serve>().Single().Generation, ZdsPodState.Served, null));
        Settle(0);
        foreach (PodCommand.Report report in _commands.OfType<PodCommand.Report>().ToArray())
        {
            Tell(new PodEvent.Reported("u", report.Content, null) { Version = version });
        }
    }

    private void Settle(int seconds)
    {
        Done<PodCommand.Remember>(seconds: seconds);
        Done<PodCommand.Apply>(seconds: seconds);
        Done<PodCommand.Prove>(seconds: seconds);
        Done<PodCommand.AdmitProbes>(seconds: seconds);
    }

    private void Label(string ns) => Tell(new PodEvent.NamespaceChanged(new NamespaceFacts(ns, new Dictionary<string, string> { [EnablementSelector.ModeLabel] = "ambient" })));

    private void Tell(PodEvent heard, int seconds = 0) => _commands.AddRange(_book.Apply(heard, TimeSpan.FromSeconds(seconds)));

    /// <summary>The newest command of this kind ends.</summary>
    private void Done<T>(StepResult? result = null, int seconds = 0)
        where T : PodCommand.Step
    {
        Tell(new PodEvent.Done("u", _commands.OfType<T>().Last().Ticket, result ?? StepResult.Ok), seconds);
    }
}

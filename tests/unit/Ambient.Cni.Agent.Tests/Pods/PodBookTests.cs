using System.Net;
using Ambient.Cni.Agent.Pods;
using Ambient.Cni.Agent.Zds;
using Ambient.Cni.Enrolment.Pods;
using Ambient.Cni.Enrolment.Selectors;

namespace Ambient.Cni.Agent.Tests.Pods;

/// <summary>Single ways through the book, told step by step.</summary>
public sealed class PodBookTests
{
    private static readonly NetworkIdentity Here = new(4, 100), There = new(4, 200);
    private readonly List<PodCommand> _pending = [];
    private readonly PodBook _book = new(new PodBookOptions { NewMark = () => 0x4bcd_1238 }, TimeSpan.Zero);
    private TimeSpan _now;

    public PodBookTests()
    {
        Tell(new PodEvent.Recalled([]));
        Label("ambient");
        Tell(new PodEvent.Synced([]));
        _pending.Clear();
    }

    [Fact]
    [Trait("behaviour", "CNI-126")]
    [Trait("behaviour", "CNI-140")]
    public void RunningPod_Joins_ProxyFirst_NeverGuarded()
    {
        Tell(new PodEvent.PodChanged(Pod()));
        Answer<PodCommand.Find>(StepResult.Ok with { Network = Here });
        Answer<PodCommand.Inspect>(new StepResult(null) { Kernel = KernelState.Absent, Guard = GuardState.Absent });

        // Not a rule before somebody listens.
        Assert.Equal(["Serve"], Names());
        Tell(new PodEvent.ProxyAnswered("u", Generation(), ZdsPodState.Served, null));
        Answer<PodCommand.Remember>(StepResult.Ok);
        Assert.True(_pending.OfType<PodCommand.Apply>().Single().IsJoining);
        Answer<PodCommand.Apply>(StepResult.Ok);
        Answer<PodCommand.Prove>(StepResult.Ok);
        Assert.Equal([IPAddress.Parse("10.0.0.2")], _pending.OfType<PodCommand.AdmitProbes>().Single().Addresses);
        Answer<PodCommand.AdmitProbes>(StepResult.Ok);
        Assert.Equal(new PodReport(ReportedRedirection.Enabled, null), Assert.Single(_pending.OfType<PodCommand.Report>()).Content);
        Assert.DoesNotContain("RaiseGuard", Names());
    }

    [Fact]
    [Trait("behaviour", "CNI-149")]
    public void PodOfTheMesh_FoundNaked_IsGuardedFirst()
    {
        Tell(new PodEvent.PodChanged(Pod() with { Annotation = "enabled" }));
        Answer<PodCommand.Find>(StepResult.Ok with { Network = Here });
        Answer<PodCommand.Inspect>(new StepResult(null) { Kernel = KernelState.Absent, Guard = GuardState.Absent });
        Answer<PodCommand.RaiseGuard>(StepResult.Ok);
        Tell(new PodEvent.ProxyAnswered("u", Generation(), ZdsPodState.Served, null));
        Answer<PodCommand.Remember>(StepResult.Ok);
        Answer<PodCommand.Apply>(StepResult.Ok);
        Assert.DoesNotContain("LiftGuard", Names());
        Answer<PodCommand.Prove>(StepResult.Ok);
        Answer<PodCommand.LiftGuard>(StepResult.Ok);
    }

    [Fact]
    public void SandboxMadePastThePlugin_OfAPodThatWasAwaited_IsGuardedFirst_AndSparesNothing()
    {
        Tell(new PodEvent.PodChanged(Pod() with { Facts = Pod().Facts with { Phase = PodPhase.Pending }, Addresses = [] }));
        Assert.Empty(_pending);

        // Somebody overwrote the CNI configuration: it runs, and nobody asked.
        Tell(new PodEvent.PodChanged(Pod()));
        Answer<PodCommand.Find>(StepResult.Ok with { Network = Here });
        Answer<PodCommand.Inspect>(new StepResult(null) { Kernel = KernelState.Absent, Guard = GuardState.Absent });
        Answer<PodCommand.Remember>(StepResult.Ok);
        Answer<PodCommand.RaiseGuard>(StepResult.Ok);
        Tell(new PodEvent.ProxyAnswered("u", Generation(), ZdsPodState.Served, null));
        Assert.False(_pending.OfType<PodCommand.Apply>().Single().IsJoining);
        Answer<PodCommand.Apply>(StepResult.Ok);
        Answer<PodCommand.Prove>(StepResult.Ok);
        Answer<PodCommand.LiftGuard>(StepResult.Ok);
    }

    [Fact]
    public void PodThatWaitsOutsideTheMesh_AndIsLabelledLater_IsNotGuarded()
    {
        Label("none");
        Tell(new PodEvent.PodChanged(Pod() with { Facts = Pod().Facts with { Phase = PodPhase.Pending }, Addresses = [] }));
        Tell(new PodEvent.PodChanged(Pod()));
        Label("ambient");
        Answer<PodCommand.Find>(StepResult.Ok with { Network = Here });
        Answer<PodCommand.Inspect>(new StepResult(null) { Kernel = KernelState.Absent, Guard = GuardState.Absent });
        Assert.DoesNotContain("RaiseGuard", Names());
    }

    [Fact]
    public void TwoPods_CannotHaveOneSandbox()
    {
        Tell(new PodEvent.PodChanged(Pod()));
        Tell(new PodEvent.PodChanged(Pod("v")));
        Tell(new PodEvent.SandboxAdded(Request(1, "u", Here)));
        Tell(new PodEvent.SandboxAdded(Request(2, "v", Here)));
        SandboxAnswer answer = _pending.OfType<PodCommand.Answer>().Single(a => a.Request == 2).Reply;
        Assert.Equal(SandboxVerdict.Failed, answer.Verdict);
        Assert.Contains("already belongs to pod mesh/u", answer.Text, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("behaviour", "CNI-161")]
    public void SecondSandbox_TakesThePlace_AndTheFirstRequestHearsOfIt()
    {
        Tell(new PodEvent.PodChanged(Pod()));
        Tell(new PodEvent.SandboxAdded(Request(1, "u", Here)));
        Tell(new PodEvent.SandboxAdded(Request(2, "u", There)));
        Assert.Equal("the pod has got another sandbox meanwhile", _pending.OfType<PodCommand.Answer>().Single(a => a.Request == 1).Reply.Text);
        Assert.Contains(_pending, c => c is PodCommand.Release { Network: var n } && n == Here);
        Assert.Equal(There, _pending.OfType<PodCommand.Serve>().Last().Network);
    }

    [Fact]
    public void Deadline_NamesTheStageThatWasReached()
    {
        Tell(new PodEvent.PodChanged(Pod()));
        Tell(new PodEvent.SandboxAdded(Request(1, "u", Here)));
        Tell(new PodEvent.ProxyAnswered("u", Generation(), ZdsPodState.Refused, "port 15008 is taken"));
        _now = TimeSpan.FromSeconds(5);
        Tell(new PodEvent.Tick());
        Assert.Equal("not in the mesh in time: ztunnel refused it: port 15008 is taken", _pending.OfType<PodCommand.Answer>().Single().Reply.Text);
    }

    [Fact]
    [Trait("behaviour", "CNI-29")]
    public void UnknownNamespace_IsAsked_NeverTakenForOutside()
    {
        Tell(new PodEvent.PodChanged(Pod("w", "elsewhere")));
        Tell(new PodEvent.SandboxAdded(Request(1, "w", Here) with { Namespace = "elsewhere" }));
        Assert.Equal("LookUp", Assert.Single(Names()));
        Tell(new PodEvent.LookedUp(1, null, null, "API server: 503"));
        Assert.Equal((SandboxVerdict.Failed, "API server: 503"), (_pending.OfType<PodCommand.Answer>().Single().Reply.Verdict, _pending.OfType<PodCommand.Answer>().Single().Reply.Text));
    }

    [Fact]
    [Trait("behaviour", "CNI-115")]
    [Trait("behaviour", "CNI-129")]
    [Trait("behaviour", "CNI-143")]
    public void RemovalThatFails_IsTriedAgain_UntilTheKernelAgrees()
    {
        RunningPod_Joins_ProxyFirst_NeverGuarded();
        Tell(new PodEvent.Reported("u", _pending.OfType<PodCommand.Report>().Last().Content, null));
        _pending.Clear();
        Label("none");
        Answer<PodCommand.Remove>(StepResult.Failed("nft: busy"));

        // The proxy stays as long as rules lead to it.
        Assert.DoesNotContain("Unserve", Names());
        Tell(new PodEvent.Reported("u", _pending.OfType<PodCommand.Report>().Last().Content, null));
        _now += TimeSpan.FromSeconds(1);
        Tell(new PodEvent.Tick());
        Answer<PodCommand.Remove>(StepResult.Ok);
        Answer<PodCommand.WithdrawProbes>(StepResult.Ok);
        Answer<PodCommand.Forget>(StepResult.Ok);
        Assert.Single(Names(), "Unserve");
        Assert.Single(Names(), "Release");
        Assert.Equal(ReportedRedirection.Absent, _pending.OfType<PodCommand.Report>().Last().Content.Redirection);
    }

    [Fact]
    [Trait("behaviour", "CNI-117")]
    [Trait("behaviour", "CNI-118")]
    [Trait("behaviour", "CNI-145")]
    public void FinishedPod_LosesItsTraces_AndItsKernelIsLeftAlone()
    {
        RunningPod_Joins_ProxyFirst_NeverGuarded();
        _pending.Clear();
        Tell(new PodEvent.PodChanged(Pod() with { Facts = Pod().Facts with { Phase = PodPhase.Succeeded }, Addresses = [] }));
        Answer<PodCommand.WithdrawProbes>(StepResult.Failed("nft: busy"));
        _now += TimeSpan.FromSeconds(1);
        Tell(new PodEvent.Tick());
        Answer<PodCommand.WithdrawProbes>(StepResult.Ok);
        Answer<PodCommand.Forget>(StepResult.Ok);
        Assert.DoesNotContain("Remove", Names());
        Assert.Single(Names(), "Unserve");
        Assert.Single(Names(), "Release");
        Tell(new PodEvent.PodChanged(Pod()));
        Assert.Contains("Find", Names());
    }

    [Fact]
    public void SecretMark_IsUsedWhenAllItsProxiesUseIt_WrittenDownFirst_AndRecalled()
    {
        const uint secret = 0x4bcd_1238;
        Tell(new PodEvent.PodChanged(Pod()));
        Answer<PodCommand.Find>(StepResult.Ok with { Network = Here });
        Answer<PodCommand.Inspect>(new StepResult(null) { Kernel = KernelState.Absent, Guard = GuardState.Absent });
        Assert.Equal(secret, _pending.OfType<PodCommand.Serve>().Single().Mark);
        Tell(new PodEvent.MarkUsed("u", Generation(), true));
        Tell(new PodEvent.ProxyAnswered("u", Generation(), ZdsPodState.Served, null));
        PodMemory memory = _pending.OfType<PodCommand.Remember>().Single().Memory;
        Assert.Equal(secret, memory.Mark);
        Answer<PodCommand.Remember>(StepResult.Ok);
        Assert.Equal(secret, _pending.OfType<PodCommand.Apply>().Single().Rules.Mark);
        Assert.DoesNotContain(_pending, c => c.ToString()!.Contains("1271730744", StringComparison.Ordinal));
        Answer<PodCommand.Apply>(StepResult.Ok);
        Answer<PodCommand.Prove>(StepResult.Ok);
        Answer<PodCommand.AdmitProbes>(StepResult.Ok);

        // Another ztunnel joins, which knows the well-known mark alone.
        Tell(new PodEvent.MarkUsed("u", Generation(), false));
        Tell(new PodEvent.ProxyAnswered("u", Generation(), ZdsPodState.Served, null));
        Assert.Equal(0u, _pending.OfType<PodCommand.Remember>().Single().Memory.Mark);
        Answer<PodCommand.Remember>(StepResult.Ok);
        Assert.Equal(0u, _pending.OfType<PodCommand.Apply>().Single().Rules.Mark);

        var next = new PodBook(new PodBookOptions { NewMark = () => 8 }, TimeSpan.Zero);
        next.Apply(new PodEvent.Recalled([memory]), TimeSpan.Zero);
        next.Apply(new PodEvent.NamespaceChanged(new NamespaceFacts("mesh", new Dictionary<string, string> { [EnablementSelector.ModeLabel] = "ambient" })), TimeSpan.Zero);
        PodCommand.Find find = next.Apply(new PodEvent.PodChanged(Pod()), TimeSpan.Zero).Concat(next.Apply(new PodEvent.Synced(["u"]), TimeSpan.Zero)).OfType<PodCommand.Find>().FirstOrDefault()
            ?? new PodCommand.Find("u", 1, Pod());
        IReadOnlyList<PodCommand> found = next.Apply(new PodEvent.Done("u", find.Ticket, StepResult.Ok with { Network = Here }), TimeSpan.Zero);
        Assert.Equal(secret, found.OfType<PodCommand.Serve>().Single().Mark);
        Assert.Equal(secret, found.OfType<PodCommand.Inspect>().Single().Rules.Mark);
    }

    [Fact]
    [Trait("behaviour", "CNI-128")]
    public void RulesThatFail_AreToldAsPending_WithTheReason_AndTriedAgain_ProbesAreNotLetIn()
    {
        Tell(new PodEvent.PodChanged(Pod()));
        Answer<PodCommand.Find>(StepResult.Ok with { Network = Here });
        Answer<PodCommand.Inspect>(new StepResult(null) { Kernel = KernelState.Absent, Guard = GuardState.Absent });
        Tell(new PodEvent.ProxyAnswered("u", Generation(), ZdsPodState.Served, null));
        Answer<PodCommand.Remember>(StepResult.Ok);
        Answer<PodCommand.Apply>(StepResult.Failed("nft: no such chain"));
        Assert.Equal(new PodReport(ReportedRedirection.Pending, "nft: no such chain"), _pending.OfType<PodCommand.Report>().Last().Content);
        Assert.DoesNotContain("AdmitProbes", Names());
        _now += TimeSpan.FromSeconds(1);
        Tell(new PodEvent.Tick());
        Assert.Contains("Inspect", Names());
    }

    [Fact]
    [Trait("behaviour", "CNI-148")]
    public void PodThatIsNotFound_IsToldWithTheReason_AndLookedForAgain()
    {
        Tell(new PodEvent.PodChanged(Pod()));
        Answer<PodCommand.Find>(StepResult.Ok);
        Assert.Contains("network namespace was not found", _pending.OfType<PodCommand.Report>().Last().Content.Text, StringComparison.Ordinal);
        _now += TimeSpan.FromSeconds(1);
        Tell(new PodEvent.Tick());
        Assert.Contains("Find", Names());
    }

    [Fact]
    [Trait("behaviour", "CNI-139")]
    public void SandboxOfThePlugin_IsServedOnce()
    {
        Tell(new PodEvent.PodChanged(Pod() with { Addresses = [] }));
        Tell(new PodEvent.SandboxAdded(Request(1, "u", Here)));
        Assert.Equal(Here, Assert.Single(_pending.OfType<PodCommand.Serve>()).Network);
        Assert.DoesNotContain("Find", Names());
    }

    [Fact]
    [Trait("behaviour", "CNI-131")]
    public void PodWhoseObjectIsGone_LosesItsTraces_AndNobodyIsTold()
    {
        RunningPod_Joins_ProxyFirst_NeverGuarded();
        _pending.Clear();
        Tell(new PodEvent.PodDeleted("u"));
        Answer<PodCommand.WithdrawProbes>(StepResult.Ok);
        Answer<PodCommand.Forget>(StepResult.Ok);
        Assert.DoesNotContain("Report", Names());
        Assert.Empty(_book.List());
    }

    [Fact]
    [Trait("behaviour", "CNI-136")]
    [Trait("behaviour", "CNI-137")]
    [Trait("behaviour", "CNI-146")]
    public void AfterARestart_PodsAreServedAndLookedAt_AndOneWithoutAddressKeepsWhatWasWrittenDown()
    {
        var memory = new PodMemory("u", "u", "mesh", "sa", [IPAddress.Parse("10.0.0.2")], new Dictionary<string, string>(), Here);
        var next = new PodBook(new PodBookOptions(), TimeSpan.Zero);
        List<PodCommand> commands = [.. next.Apply(new PodEvent.Recalled([memory]), TimeSpan.Zero)];
        void Hear(PodEvent heard) => commands.AddRange(next.Apply(heard, TimeSpan.Zero));
        Hear(new PodEvent.NamespaceChanged(new NamespaceFacts("mesh", new Dictionary<string, string> { [EnablementSelector.ModeLabel] = "ambient" })));

        // The kubelet has not reported its address anew.
        Hear(new PodEvent.PodChanged(Pod() with { Addresses = [], Annotation = "enabled" }));
        Hear(new PodEvent.Synced(["u"]));
        PodCommand.Find find = commands.OfType<PodCommand.Find>().Last();
        Assert.Equal([IPAddress.Parse("10.0.0.2")], find.Pod.Addresses);
        Hear(new PodEvent.Done("u", find.Ticket, StepResult.Ok with { Network = Here }));

        // Before it is found, whoever has it keeps it.
        Assert.Equal([null, Here], commands.OfType<PodCommand.Serve>().Select(s => s.Network));
        Hear(new PodEvent.ProxyAnswered("u", commands.OfType<PodCommand.Serve>().Last().Generation, ZdsPodState.Served, null));
        Hear(new PodEvent.Done("u", commands.OfType<PodCommand.Inspect>().Single().Ticket, StepResult.Ok with { Kernel = KernelState.Applied, Guard = GuardState.Absent }));
        Hear(new PodEvent.Done("u", commands.OfType<PodCommand.Prove>().Single().Ticket, StepResult.Ok));
        Assert.Empty(commands.OfType<PodCommand.Apply>());
        Assert.Equal([IPAddress.Parse("10.0.0.2")], commands.OfType<PodCommand.AdmitProbes>().Single().Addresses);
    }

    private static PodRecord Pod(string uid = "u", string ns = "mesh") => new()
    {
        Facts = new PodFacts { Name = uid, Namespace = ns, Uid = uid, Phase = PodPhase.Running },
        Addresses = [IPAddress.Parse("10.0.0.2")],
    };

    private static SandboxRequest Request(long id, string uid, NetworkIdentity network) => new(id, uid, uid, "mesh", network, [IPAddress.Parse("10.0.0.2")], true, TimeSpan.FromSeconds(4));

    private IEnumerable<string> Names() => _pending.Select(c => c.GetType().Name);

    private long Generation() => _pending.OfType<PodCommand.Serve>().Last().Generation;

    private void Label(string value) => Tell(new PodEvent.NamespaceChanged(new NamespaceFacts("mesh", new Dictionary<string, string> { [EnablementSelector.ModeLabel] = value })));

    private void Tell(PodEvent heard) => _pending.AddRange(_book.Apply(heard, _now));

    /// <summary>The one command of this kind under way ends.</summary>
    private void Answer<T>(StepResult result)
        where T : PodCommand.Step
    {
        T command = Assert.Single(_pending.OfType<T>());
        _pending.Remove(command);
        Tell(new PodEvent.Done(command.Uid, command.Ticket, result));
    }
}

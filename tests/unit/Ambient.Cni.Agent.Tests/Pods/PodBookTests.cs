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
        Answer<PodCommand.AdmitProbes>(StepResult.Ok);
        PodReport report = _pending.OfType<PodCommand.Report>().Last().Content;
        Assert.Equal(new PodReport(ReportedRedirection.Enabled, null), report);
        Assert.DoesNotContain("RaiseGuard", Names());
    }

    [Fact]
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
    public void RemovalThatFails_IsTriedAgain_UntilTheKernelAgrees()
    {
        RunningPod_Joins_ProxyFirst_NeverGuarded();
        _pending.Clear();
        Label("none");
        Answer<PodCommand.Remove>(StepResult.Failed("nft: busy"));

        // The proxy stays as long as rules lead to it.
        Assert.DoesNotContain("Unserve", Names());
        _now += TimeSpan.FromSeconds(1);
        Tell(new PodEvent.Tick());
        Answer<PodCommand.Remove>(StepResult.Ok);
        Answer<PodCommand.WithdrawProbes>(StepResult.Ok);
        Answer<PodCommand.Forget>(StepResult.Ok);
        Assert.Contains("Unserve", Names());
        Assert.Contains("Release", Names());
    }

    [Fact]
    [Trait("behaviour", "CNI-117")]
    public void FinishedPod_LosesItsTraces_AndItsKernelIsLeftAlone()
    {
        RunningPod_Joins_ProxyFirst_NeverGuarded();
        _pending.Clear();
        Tell(new PodEvent.PodChanged(Pod() with { Facts = Pod().Facts with { Phase = PodPhase.Succeeded }, Addresses = [] }));
        Answer<PodCommand.WithdrawProbes>(StepResult.Ok);
        Answer<PodCommand.Forget>(StepResult.Ok);
        Assert.DoesNotContain("Remove", Names());
        Assert.Contains("Unserve", Names());
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
        where T : PodCommand
    {
        PodCommand command = Assert.Single(_pending, c => c is T);
        _pending.Remove(command);
        (string uid, long ticket) = command switch
        {
            PodCommand.Find c => (c.Uid, c.Ticket),
            PodCommand.Inspect c => (c.Uid, c.Ticket),
            PodCommand.Remember c => (c.Uid, c.Ticket),
            PodCommand.Apply c => (c.Uid, c.Ticket),
            PodCommand.Prove c => (c.Uid, c.Ticket),
            PodCommand.RaiseGuard c => (c.Uid, c.Ticket),
            PodCommand.LiftGuard c => (c.Uid, c.Ticket),
            PodCommand.Remove c => (c.Uid, c.Ticket),
            PodCommand.AdmitProbes c => (c.Uid, c.Ticket),
            PodCommand.WithdrawProbes c => (c.Uid, c.Ticket),
            PodCommand.Forget c => (c.Uid, c.Ticket),
            _ => throw new InvalidOperationException(command.ToString()),
        };
        Tell(new PodEvent.Done(uid, ticket, result));
    }
}

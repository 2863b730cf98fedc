using System.Net;
using Ambient.Cni.Agent.Pods;
using Ambient.Cni.Agent.Zds;
using Ambient.Cni.Enrolment.Pods;
using Ambient.Cni.Enrolment.Selectors;

namespace Ambient.Cni.Agent.Tests.Pods;

/// <summary>What becomes of a pod whose proxy is gone: closed, unless everybody concerned agreed to plaintext.</summary>
public sealed class WithoutProxyTests
{
    private static readonly NetworkIdentity Here = new(4, 100);
    private readonly List<PodCommand> _pending = [];
    private TimeSpan _now;

    [Theory]
    [InlineData(true, false, null, false)]
    [InlineData(true, true, null, false)]
    [InlineData(false, true, null, false)]
    [InlineData(false, false, "strict", false)]
    [InlineData(false, false, "open", false)]
    [InlineData(false, false, null, true)]
    public void ProxyGone_RulesGoOnlyWhenNodeWorkloadAndPodAllow(bool node, bool workload, string? annotation, bool opens)
    {
        PodBook book = Enrolled(node, workload, annotation);
        Tell(book, new PodEvent.ProxyAnswered("u", Generation(), ZdsPodState.Unserved, null));
        Answer(book, c => c is PodCommand.Inspect, new StepResult(null) { Kernel = KernelState.Applied, Guard = GuardState.Absent });
        Pass(book, 9);
        Assert.Empty(_pending.OfType<PodCommand.Remove>());
        Pass(book, 2);
        Assert.Equal(opens ? 1 : 0, _pending.OfType<PodCommand.Remove>().Count());
    }

    [Fact]
    public void Opened_JoinsAgainWithItsConnections_WhenTheProxyIsBack()
    {
        PodBook book = Enrolled(false, false, null);
        Tell(book, new PodEvent.ProxyAnswered("u", Generation(), ZdsPodState.Unserved, null));
        Answer(book, c => c is PodCommand.Inspect, new StepResult(null) { Kernel = KernelState.Applied, Guard = GuardState.Absent });
        Pass(book, 11);
        Answer(book, c => c is PodCommand.Remove, StepResult.Ok);
        PodReport report = _pending.OfType<PodCommand.Report>().Last().Content;
        Assert.Equal(ReportedRedirection.Pending, report.Redirection);
        Assert.Contains("goes on without the mesh", report.Text, StringComparison.Ordinal);
        Tell(book, new PodEvent.ProxyAnswered("u", Generation(), ZdsPodState.Served, null));
        Assert.True(_pending.OfType<PodCommand.Apply>().Single().IsJoining);
        Assert.Empty(_pending.OfType<PodCommand.RaiseGuard>());
    }

    [Fact]
    public void AgentThatStarts_GivesTheProxyTime_BeforeItOpensAnything()
    {
        PodBook book = new(new PodBookOptions { Strict = false }, _now = TimeSpan.FromHours(1));
        Tell(book, new PodEvent.Recalled([new PodMemory("u", "u", "mesh", "default", Record(false, null).Addresses, new Dictionary<string, string>(), Here)]));
        Label(book);
        Tell(book, new PodEvent.PodChanged(Record(false, null)));
        Tell(book, new PodEvent.Synced(["u"]));
        Answer(book, c => c is PodCommand.Find, StepResult.Ok with { Network = Here });
        Answer(book, c => c is PodCommand.Inspect, new StepResult(null) { Kernel = KernelState.Applied, Guard = GuardState.Absent });
        Pass(book, 9);
        Assert.Empty(_pending.OfType<PodCommand.Remove>());
    }

    [Fact]
    public void NewPod_IsNeverOpened_ForWantOfAProxy()
    {
        PodBook book = new(new PodBookOptions { Strict = false }, _now);
        Tell(book, new PodEvent.Recalled([]));
        Label(book);
        Tell(book, new PodEvent.PodChanged(Record(false, null)));
        Tell(book, new PodEvent.Synced(["u"]));
        _pending.Clear();
        Tell(book, new PodEvent.SandboxAdded(new SandboxRequest(1, "u", "u", "mesh", Here, Record(false, null).Addresses, true, _now + TimeSpan.FromSeconds(60))));
        Pass(book, 30);
        Assert.DoesNotContain(_pending, c => c is PodCommand.Remove or PodCommand.LiftGuard);
    }

    [Theory]
    [InlineData(true, 15)]
    [InlineData(false, 10)]
    public void ProxyGone_NewConnectionsWaitForTheNext_ButNotForEver(bool node, int seconds)
    {
        PodBook book = Enrolled(node, false, null, TimeSpan.FromSeconds(15));
        Tell(book, new PodEvent.ProxyAnswered("u", Generation(), ZdsPodState.Unserved, null));
        Answer(book, c => c is PodCommand.Hold, StepResult.Ok);
        Answer(book, c => c is PodCommand.Inspect, new StepResult(null) { Kernel = KernelState.Applied, Guard = GuardState.Absent, IsHeld = true });
        Pass(book, seconds - 1);
        Assert.DoesNotContain(_pending, c => c is PodCommand.EndHold or PodCommand.Remove);
        Pass(book, 1);
        Answer(book, c => c is PodCommand.EndHold, StepResult.Ok);

        // Afterwards all is as without it: closed, or open where everybody agreed to that.
        Pass(book, 30);
        Assert.DoesNotContain(_pending, c => c is PodCommand.Hold);
        Assert.Equal(node ? 0 : 1, _pending.OfType<PodCommand.Remove>().Count());
    }

    [Fact]
    public void NextProxy_EndsTheWait_BeforeAnythingElse()
    {
        PodBook book = Enrolled(true, false, null, TimeSpan.FromSeconds(15));
        Tell(book, new PodEvent.ProxyAnswered("u", Generation(), ZdsPodState.Unserved, null));
        Answer(book, c => c is PodCommand.Hold, StepResult.Ok);
        Answer(book, c => c is PodCommand.Inspect, new StepResult(null) { Kernel = KernelState.Applied, Guard = GuardState.Absent, IsHeld = true });
        Tell(book, new PodEvent.ProxyAnswered("u", Generation(), ZdsPodState.Served, null));
        Answer(book, c => c is PodCommand.EndHold, StepResult.Ok);
        Answer(book, c => c is PodCommand.Prove, StepResult.Ok);
        Pass(book, 30);
        Assert.DoesNotContain(_pending, c => c is PodCommand.Hold or PodCommand.EndHold);
    }

    [Fact]
    public void HoldThatCannotBeMade_IsTakenBack_AndNotTriedAgain()
    {
        PodBook book = Enrolled(true, false, null, TimeSpan.FromSeconds(15));
        Tell(book, new PodEvent.ProxyAnswered("u", Generation(), ZdsPodState.Unserved, null));
        Answer(book, c => c is PodCommand.Hold, StepResult.Failed("no nft"));
        Pass(book, 1);
        Answer(book, c => c is PodCommand.EndHold, StepResult.Ok);
        Pass(book, 30);
        Assert.DoesNotContain(_pending, c => c is PodCommand.Hold or PodCommand.EndHold);
    }

    [Fact]
    public void HoldOfAnAgentBefore_IsEndedByTheNext()
    {
        PodBook book = new(new PodBookOptions(), _now = TimeSpan.FromHours(1));
        Tell(book, new PodEvent.Recalled([new PodMemory("u", "u", "mesh", "default", Record(false, null).Addresses, new Dictionary<string, string>(), Here)]));
        Label(book);
        Tell(book, new PodEvent.PodChanged(Record(false, null)));
        Tell(book, new PodEvent.Synced(["u"]));
        Answer(book, c => c is PodCommand.Find, StepResult.Ok with { Network = Here });
        Answer(book, c => c is PodCommand.Inspect, new StepResult(null) { Kernel = KernelState.Applied, Guard = GuardState.Absent, IsHeld = true });
        Answer(book, c => c is PodCommand.EndHold, StepResult.Ok);
    }

    private static PodRecord Record(bool strict, string? annotation) => new()
    {
        Facts = new PodFacts { Name = "u", Namespace = "mesh", Uid = "u", Phase = PodPhase.Running, Annotations = annotation is null ? new Dictionary<string, string>() : new() { [PodSettings.WithoutProxyAnnotation] = annotation } },
        Addresses = [IPAddress.Parse("10.0.0.2")],
        IsStrict = strict,
    };

    private PodBook Enrolled(bool node, bool workload, string? annotation, TimeSpan hold = default)
    {
        var book = new PodBook(new PodBookOptions { Strict = node, ProofInterval = TimeSpan.FromHours(1), HoldFor = hold }, _now);
        Tell(book, new PodEvent.Recalled([]));
        Label(book);
        Tell(book, new PodEvent.Synced([]));
        Tell(book, new PodEvent.PodChanged(Record(workload, annotation)));
        Answer(book, c => c is PodCommand.Find, StepResult.Ok with { Network = Here });
        Answer(book, c => c is PodCommand.Inspect, new StepResult(null) { Kernel = KernelState.Absent, Guard = GuardState.Absent });
        Tell(book, new PodEvent.ProxyAnswered("u", Generation(), ZdsPodState.Served, null));
        foreach (Predicate<PodCommand> step in (Predicate<PodCommand>[])[c => c is PodCommand.Remember, c => c is PodCommand.Apply, c => c is PodCommand.Prove, c => c is PodCommand.AdmitProbes])
        {
            Answer(book, step, StepResult.Ok);
        }

        return book;
    }

    private void Label(PodBook book) => Tell(book, new PodEvent.NamespaceChanged(new NamespaceFacts("mesh", new Dictionary<string, string> { [EnablementSelector.ModeLabel] = "ambient" })));

    private long Generation() => _pending.OfType<PodCommand.Serve>().Last().Generation;

    private void Pass(PodBook book, int seconds)
    {
        for (int i = 0; i < seconds; i++)
        {
            _now += TimeSpan.FromSeconds(1);
            Tell(book, new PodEvent.Tick());
        }
    }

    /// <summary>Reports are always made.</summary>
    private void Tell(PodBook book, PodEvent heard)
    {
        IReadOnlyList<PodCommand> commands = book.Apply(heard, _now);
        _pending.AddRange(commands);
        foreach (PodCommand.Report report in commands.OfType<PodCommand.Report>())
        {
            Tell(book, new PodEvent.Reported(report.Uid, report.Content, null));
        }
    }

    private void Answer(PodBook book, Predicate<PodCommand> which, StepResult result)
    {
        PodCommand command = Assert.Single(_pending, which);
        _pending.Remove(command);
        long ticket = command switch
        {
            PodCommand.Find c => c.Ticket,
            PodCommand.Inspect c => c.Ticket,
            PodCommand.Remember c => c.Ticket,
            PodCommand.Apply c => c.Ticket,
            PodCommand.Prove c => c.Ticket,
            PodCommand.AdmitProbes c => c.Ticket,
            PodCommand.Remove c => c.Ticket,
            PodCommand.Hold c => c.Ticket,
            PodCommand.EndHold c => c.Ticket,
            _ => throw new InvalidOperationException(command.ToString()),
        };
        Tell(book, new PodEvent.Done("u", ticket, result));
    }
}

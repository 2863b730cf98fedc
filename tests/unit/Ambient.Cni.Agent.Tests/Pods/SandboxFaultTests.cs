using System.Net;
using Ambient.Cni.Agent.Pods;
using Ambient.Cni.Agent.Zds;
using Ambient.Cni.Enrolment;
using Ambient.Cni.Enrolment.Pods;
using Ambient.Cni.Enrolment.Selectors;

namespace Ambient.Cni.Agent.Tests.Pods;

/// <summary>What may happen while a pod is being made: every request ends with an answer, nothing of the pod is left, nothing opens.</summary>
public sealed class SandboxFaultTests
{
    private static readonly NetworkIdentity Here = new(4, 100);
    private readonly List<PodCommand> _commands = [];
    private readonly PodBook _book = new(new PodBookOptions { NewMark = () => 0x4bcd_1238, Enrolment = new EnrolmentOptions { ExcludedNamespaces = EnrolmentOptions.ParseNamespaces("kube-system") } }, TimeSpan.Zero);
    private TimeSpan _now;

    public SandboxFaultTests()
    {
        Tell(new PodEvent.Recalled([]));
        Tell(new PodEvent.NamespaceChanged(new NamespaceFacts("mesh", Label("ambient"))));
        Tell(new PodEvent.NamespaceChanged(new NamespaceFacts("plain", Label(null))));
        Tell(new PodEvent.Synced([]));
        Tell(new PodEvent.PodChanged(Pod()));
        _commands.Clear();
    }

    public static TheoryData<int> Stages => new(Enumerable.Range(0, 5));

    [Theory]
    [MemberData(nameof(Stages))]
    public void PodDeletedDuringAdd_IsRefused_AndLeavesNothing(int stage)
    {
        Tell(new PodEvent.SandboxAdded(Request(1)));
        Proceed(stage);
        Tell(new PodEvent.PodDeleted("u"));
        Finish();
        SandboxAnswer answer = Assert.Single(_commands.OfType<PodCommand.Answer>()).Reply;
        Assert.Equal(SandboxVerdict.Failed, answer.Verdict);
        Assert.Contains("was deleted", answer.Text, StringComparison.Ordinal);

        // Ztunnel's word, note, rules and proof come before the guard goes.
        Assert.Equal(stage >= 4, _commands.Any(c => c is PodCommand.LiftGuard));
        Assert.Equal(Count<PodCommand.Serve>(), Count<PodCommand.Unserve>());
        Assert.Equal(1, Count<PodCommand.Release>());
        Assert.Empty(_book.List());
    }

    [Fact]
    public void ZtunnelThatNeverAcknowledges_AddFailsInTime_AndThePodStaysBehindItsGuard()
    {
        Tell(new PodEvent.SandboxAdded(Request(1)));
        _now = TimeSpan.FromSeconds(5);
        Tell(new PodEvent.Tick());
        SandboxAnswer answer = Assert.Single(_commands.OfType<PodCommand.Answer>()).Reply;
        Assert.Equal(SandboxVerdict.Failed, answer.Verdict);
        Assert.Contains("no ztunnel on this node serves it", answer.Text, StringComparison.Ordinal);
        Assert.DoesNotContain(_commands, c => c is PodCommand.LiftGuard);
        Finish();
        Assert.DoesNotContain(_commands, c => c is PodCommand.LiftGuard or PodCommand.Prove);
    }

    [Fact]
    public void RulesAreMade_BehindTheGuard_WhileZtunnelTakesThePod()
    {
        Tell(new PodEvent.SandboxAdded(Request(1)));
        Finish(2);
        Assert.Equal(["Serve", "Remember", "Apply"], _commands.Where(c => c is not PodCommand.Report).Select(c => c.GetType().Name));
        Tell(new PodEvent.ProxyAnswered("u", _commands.OfType<PodCommand.Serve>().Single().Generation, ZdsPodState.Served, null));
        PodCommand.Prove prove = _commands.OfType<PodCommand.Prove>().Single();
        Assert.True(prove.IsPlaceKnown);
        Finish(2);
        Assert.Equal(SandboxVerdict.Enrolled, Assert.Single(_commands.OfType<PodCommand.Answer>()).Reply.Verdict);
    }

    [Fact]
    public void MarkThatWasGuessed_IsPutRightBeforeTheProof()
    {
        Tell(new PodEvent.SandboxAdded(Request(1)));
        Tell(new PodEvent.MarkUsed("u", _commands.OfType<PodCommand.Serve>().Single().Generation, true));
        Tell(new PodEvent.ProxyAnswered("u", _commands.OfType<PodCommand.Serve>().Single().Generation, ZdsPodState.Served, null));
        Finish(5);
        _commands.Clear();
        PodRecord second = Pod() with { Facts = Pod().Facts with { Uid = "v", Name = "v" } };
        Tell(new PodEvent.PodChanged(second));
        Tell(new PodEvent.SandboxAdded(new SandboxRequest(2, "v", "v", "mesh", new NetworkIdentity(4, 101), [IPAddress.Parse("10.0.0.3")], true, TimeSpan.FromSeconds(4))));
        PodCommand.Remember guess = _commands.OfType<PodCommand.Remember>().Single();
        Assert.NotEqual(0u, guess.Memory.Mark);
        Tell(new PodEvent.Done("v", guess.Ticket, StepResult.Ok));
        Tell(new PodEvent.Done("v", _commands.OfType<PodCommand.Apply>().Single().Ticket, StepResult.Ok));
        long generation = _commands.OfType<PodCommand.Serve>().Single().Generation;
        Tell(new PodEvent.MarkUsed("v", generation, false));
        Tell(new PodEvent.ProxyAnswered("v", generation, ZdsPodState.Served, null));
        Assert.Equal(0u, _commands.OfType<PodCommand.Remember>().Last().Memory.Mark);
        Tell(new PodEvent.Done("v", _commands.OfType<PodCommand.Remember>().Last().Ticket, StepResult.Ok));
        Assert.Equal(0u, _commands.OfType<PodCommand.Apply>().Last().Rules.Mark);
        Assert.DoesNotContain(_commands, c => c is PodCommand.Prove);
    }

    [Fact]
    public void ProbesThatCannotBeLetIn_AreWaitedFor()
    {
        Tell(new PodEvent.SandboxAdded(Request(1)));
        Tell(new PodEvent.ProxyAnswered("u", _commands.OfType<PodCommand.Serve>().Single().Generation, ZdsPodState.Served, null));
        Finish(3);
        Assert.Empty(_commands.OfType<PodCommand.Answer>());

        // The pod of an earlier request: its probes failed once, so the next one waits.
        Finish(1);
        Assert.Single(_commands.OfType<PodCommand.Answer>());
        Tell(new PodEvent.Done("u", _commands.OfType<PodCommand.AdmitProbes>().Single().Ticket, StepResult.Failed("nft: busy")));
        Tell(new PodEvent.SandboxAdded(Request(2) with { GuardRaised = false }));
        _now += TimeSpan.FromSeconds(1);
        Tell(new PodEvent.Tick());
        Assert.Single(_commands.OfType<PodCommand.Answer>());
        Tell(new PodEvent.Done("u", _commands.OfType<PodCommand.AdmitProbes>().Last().Ticket, StepResult.Ok));
        Assert.Equal(2, Count<PodCommand.Answer>());
    }

    [Fact]
    public void TwoAddsForOneSandbox_AreBothAnswered_WithOneProxyAndOneProof()
    {
        Tell(new PodEvent.SandboxAdded(Request(1)));
        Tell(new PodEvent.SandboxAdded(Request(2)));
        Proceed(8);
        Assert.Equal([1L, 2L], _commands.OfType<PodCommand.Answer>().Where(a => a.Reply.Verdict == SandboxVerdict.Enrolled).Select(a => a.Request).Order());
        Assert.Equal(1, Count<PodCommand.Serve>());
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    public void TimeThatLeaps_FailsRequestsAtWorst_AndNeverOpens(int direction)
    {
        // The machine slept, or its counter went wrong: far ahead, then back again.
        Tell(new PodEvent.SandboxAdded(Request(1)));
        _now += direction * TimeSpan.FromDays(400);
        Tell(new PodEvent.Tick());
        Proceed(6);
        _now -= direction * TimeSpan.FromDays(400);
        Tell(new PodEvent.Tick());
        Proceed(6);
        SandboxAnswer answer = Assert.Single(_commands.OfType<PodCommand.Answer>()).Reply;
        Assert.Equal(direction > 0 ? SandboxVerdict.Failed : SandboxVerdict.Enrolled, answer.Verdict);
        Assert.DoesNotContain(_commands, c => c is PodCommand.Remove);
    }

    private static PodRecord Pod() => new()
    {
        Facts = new PodFacts { Name = "u", Namespace = "mesh", Uid = "u", Phase = PodPhase.Running },
    };

    private static Dictionary<string, string> Label(string? value) => value is null ? [] : new Dictionary<string, string> { [EnablementSelector.ModeLabel] = value };

    private static SandboxRequest Request(long id) => new(id, "u", "u", "mesh", Here, [IPAddress.Parse("10.0.0.2")], true, TimeSpan.FromSeconds(4));

    private int Count<T>() => _commands.Count(c => c is T);

    private void Tell(PodEvent heard) => _commands.AddRange(_book.Apply(heard, _now));

    /// <summary>The first steps of the way into the mesh: ztunnel's word, note, rules, proof, guard, probes.</summary>
    private void Proceed(int steps)
    {
        for (int step = 0; step < steps; step++)
        {
            if (step == 0 && _commands.OfType<PodCommand.Serve>().LastOrDefault() is { } serve)
            {
                Tell(new PodEvent.ProxyAnswered("u", serve.Generation, ZdsPodState.Served, null));
            }
            else
            {
                Finish(1);
            }
        }
    }

    /// <summary>What is under way ends well.</summary>
    private void Finish(int most = 20)
    {
        for (int i = 0; i < most; i++)
        {
            long? ticket = _commands.LastOrDefault(c => TicketOf(c) is not null) is { } last ? TicketOf(last) : null;
            if (ticket is null)
            {
                return;
            }

            Tell(new PodEvent.Done("u", ticket.Value, StepResult.Ok with { Kernel = KernelState.Absent, Guard = GuardState.Raised }));
        }
    }

    private static long? TicketOf(PodCommand command) => (command as PodCommand.Step)?.Ticket;
}

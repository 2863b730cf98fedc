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
    private readonly PodBook _book = new(new PodBookOptions { Enrolment = new EnrolmentOptions { ExcludedNamespaces = EnrolmentOptions.ParseNamespaces("kube-system") } }, TimeSpan.Zero);
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

    public static TheoryData<int> Stages => new(Enumerable.Range(0, 6));

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
        Assert.DoesNotContain(_commands, c => c is PodCommand.Apply or PodCommand.LiftGuard);
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

    private static long? TicketOf(PodCommand command) => command switch
    {
        PodCommand.Inspect c => c.Ticket,
        PodCommand.Remember c => c.Ticket,
        PodCommand.Apply c => c.Ticket,
        PodCommand.Prove c => c.Ticket,
        PodCommand.LiftGuard c => c.Ticket,
        PodCommand.AdmitProbes c => c.Ticket,
        PodCommand.WithdrawProbes c => c.Ticket,
        PodCommand.Forget c => c.Ticket,
        _ => null,
    };
}

using System.Net;
using Ambient.Cni.Agent.Pods;
using Ambient.Cni.Enrolment;
using Ambient.Cni.Enrolment.Pods;
using Ambient.Cni.Enrolment.Selectors;

namespace Ambient.Cni.Agent.Tests.Pods;

/// <summary>Answers of the source that come late, or too early: the newer word counts, whoever brings it, and outside is who is so by words as new as the question.</summary>
public sealed class LookUpTests
{
    private static readonly NetworkIdentity Here = new(4, 100);
    private readonly List<PodCommand> _commands = [];
    private readonly PodBook _book = new(new PodBookOptions { Enrolment = new EnrolmentOptions { ExcludedNamespaces = EnrolmentOptions.ParseNamespaces("kube-system") } }, TimeSpan.Zero);
    private readonly HashSet<long> _done = [];
    private TimeSpan _now;

    public LookUpTests()
    {
        Tell(new PodEvent.Recalled([]));
        Tell(new PodEvent.NamespaceChanged(Space("ambient", 10)));
        Tell(new PodEvent.Synced([]));
    }

    private IEnumerable<SandboxAnswer> Answers => _commands.OfType<PodCommand.Answer>().Select(a => a.Reply);

    [Theory]
    [InlineData(9)]
    [InlineData(0)]
    public void OldLabels_InALateAnswer_DoNotReplaceNewerOnes(ulong version)
    {
        // The namespace is labelled while the question is out: the watch is faster.
        Tell(new PodEvent.NamespaceChanged(Space(null, version)));
        Tell(new PodEvent.SandboxAdded(Request()));
        Tell(new PodEvent.NamespaceChanged(Space("ambient", version == 0 ? 0 : 11u)));
        Tell(new PodEvent.LookedUp(1, Pod(), Space(null, version), null));
        Assert.DoesNotContain(Answers, a => a.Verdict == SandboxVerdict.Outside);
        Assert.True(_book.List().Single().IsWanted);
    }

    [Theory]
    [InlineData(20, 19)]
    [InlineData(0, 0)]
    public void OldLabelsOfThePod_InALateAnswer_DoNotReplaceNewerOnes(ulong now, ulong before)
    {
        Tell(new PodEvent.SandboxAdded(Request()));
        Tell(new PodEvent.PodChanged(Pod(now)));
        Tell(new PodEvent.LookedUp(1, Pod(before, "none"), Space("ambient", 10), null));
        Assert.DoesNotContain(Answers, a => a.Verdict == SandboxVerdict.Outside);
        Assert.True(_book.List().Single().IsWanted);
    }

    [Fact]
    public void WatchThatLags_DoesNotReplaceWhatTheAnswerSaid()
    {
        Tell(new PodEvent.NamespaceChanged(Space(null, 11)));
        Tell(new PodEvent.SandboxAdded(Request()));
        Tell(new PodEvent.LookedUp(1, Pod(), Space("ambient", 14), null));
        Tell(new PodEvent.NamespaceChanged(Space("other", 12)));
        Assert.True(_book.List().Single().IsWanted);
        Tell(new PodEvent.NamespaceChanged(Space("ambient", 14)));

        // From here on the watch is as new as the answer was; a server that was put back to an older state is believed.
        Tell(new PodEvent.NamespaceChanged(Space(null, 5)));
        Assert.False(_book.List().Single().IsWanted);
    }

    [Fact]
    public void Outside_IsAskedFor_AlsoWhenTheWatchKnowsThePod()
    {
        Tell(new PodEvent.NamespaceChanged(Space(null, 11)));
        Tell(new PodEvent.PodChanged(Pod()));
        Tell(new PodEvent.SandboxAdded(Request()));
        Assert.Empty(Answers);

        // The watch hung while the namespace was labelled.
        Tell(new PodEvent.LookedUp(1, Pod(), Space("ambient", 12), null));
        Assert.Empty(Answers);
        Assert.True(_book.List().Single().IsWanted);
    }

    [Theory]
    [InlineData("kube-system", false)]
    [InlineData("mesh", true)]
    public void WhatNoLabelChanges_IsNotAskedFor(string ns, bool hostNetwork)
    {
        PodRecord pod = Pod();
        Tell(new PodEvent.PodChanged(pod with { Facts = pod.Facts with { Namespace = ns, HostNetwork = hostNetwork } }));
        Tell(new PodEvent.SandboxAdded(Request() with { Namespace = ns }));
        Assert.Equal(SandboxVerdict.Outside, Assert.Single(Answers).Verdict);
    }

    [Theory]
    [InlineData(PodPhase.Failed)]
    [InlineData(PodPhase.Succeeded)]
    public void PodThatHasEnded_GetsNoSandbox_AndItsGuardStays(PodPhase phase)
    {
        PodRecord pod = Pod();
        Tell(new PodEvent.PodChanged(pod with { Facts = pod.Facts with { Phase = phase } }));
        Tell(new PodEvent.SandboxAdded(Request()));
        Assert.Equal((SandboxVerdict.Failed, "pod mesh/u has ended"), (Assert.Single(Answers).Verdict, Answers.Single().Text));
        Assert.Single(_commands.OfType<PodCommand.Release>());
    }

    [Fact]
    public void Outside_IsNotSaid_WhenNobodyAnswers()
    {
        Tell(new PodEvent.NamespaceChanged(Space(null, 11)));
        Tell(new PodEvent.PodChanged(Pod()));
        Tell(new PodEvent.SandboxAdded(Request()));
        Tell(new PodEvent.LookedUp(1, Pod(), null, "namespace mesh: 503"));
        SandboxAnswer answer = Assert.Single(Answers);
        Assert.Equal(SandboxVerdict.Failed, answer.Verdict);
        Assert.Contains("503", answer.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void RequestThatWaits_WhileItsPodSeemsToLeave_IsOutsideOnlyByANewWord()
    {
        Tell(new PodEvent.PodChanged(Pod()));
        Tell(new PodEvent.SandboxAdded(Request()));
        Tell(new PodEvent.NamespaceChanged(Space(null, 11)));
        Finish();
        Assert.Single(_commands.OfType<PodCommand.Remove>());
        Assert.Empty(Answers);
        Assert.Single(_commands.OfType<PodCommand.LookUp>());
        Tell(new PodEvent.LookedUp(1, Pod(), Space(null, 11), null));
        Assert.Equal(SandboxVerdict.Outside, Assert.Single(Answers).Verdict);
    }

    [Fact]
    public void PodDeletedWhileItIsLookedUp_DoesNotComeBack()
    {
        Tell(new PodEvent.SandboxAdded(Request()));
        Tell(new PodEvent.PodChanged(Pod()));
        Tell(new PodEvent.PodDeleted("u"));
        Finish();
        Tell(new PodEvent.LookedUp(1, Pod(), Space("ambient", 10), null));
        Assert.Empty(_book.List());
        SandboxAnswer answer = Assert.Single(Answers);
        Assert.Equal(SandboxVerdict.Failed, answer.Verdict);
        Assert.Contains("was deleted", answer.Text, StringComparison.Ordinal);

        // A folder of manifests may bring it back.
        Tell(new PodEvent.PodChanged(Pod()));
        Assert.True(_book.List().Single().IsWanted);
    }

    [Fact]
    public void PodThatTheWatchNeverTells_IsAskedForAgain_AndForgottenWhenItIsGone()
    {
        // It came and went while the watch was broken.
        Tell(new PodEvent.SandboxAdded(Request()));
        Tell(new PodEvent.LookedUp(1, Pod(), Space("ambient", 10), null));
        Finish();
        _commands.Clear();
        _now += TimeSpan.FromSeconds(31);
        Tell(new PodEvent.Tick());
        PodCommand.LookUp again = Assert.Single(_commands.OfType<PodCommand.LookUp>());
        Tell(new PodEvent.LookedUp(again.Request, null, null, "API server: 503"));
        Assert.Single(_book.List());
        _now += TimeSpan.FromSeconds(31);
        Tell(new PodEvent.Tick());
        again = _commands.OfType<PodCommand.LookUp>().Last();
        Tell(new PodEvent.LookedUp(again.Request, null, Space("ambient", 10), "pod mesh/u: 404") { IsGone = true });
        Finish();
        Assert.Empty(_book.List());
    }

    [Fact]
    public void PodThatTheWatchTells_IsNotAskedForAgain()
    {
        Tell(new PodEvent.SandboxAdded(Request()));
        Tell(new PodEvent.LookedUp(1, Pod(), Space("ambient", 10), null));
        Tell(new PodEvent.PodChanged(Pod()));
        _commands.Clear();
        _now += TimeSpan.FromSeconds(31);
        Tell(new PodEvent.Tick());
        Assert.DoesNotContain(_commands, c => c is PodCommand.LookUp);
    }

    [Fact]
    public void TwoPodsOfOneName_AndARequestWithoutUid_AreAskedFor()
    {
        var book = new PodBook(new PodBookOptions(), TimeSpan.Zero);
        book.Apply(new PodEvent.Recalled([new PodMemory("old", "u", "mesh", "sa", [IPAddress.Parse("10.0.0.1")], new Dictionary<string, string>(), new NetworkIdentity(4, 7))]), TimeSpan.Zero);
        book.Apply(new PodEvent.NamespaceChanged(Space("ambient", 1)), TimeSpan.Zero);
        book.Apply(new PodEvent.PodChanged(Pod()), TimeSpan.Zero);
        book.Apply(new PodEvent.SandboxAdded(Request() with { Uid = "" }), TimeSpan.Zero);
        book.Apply(new PodEvent.LookedUp(1, Pod(), Space("ambient", 1), null), TimeSpan.Zero);
        Assert.Equal(Here, book.List().Single(p => p.Uid == "u").Network);
        Assert.Null(book.List().Single(p => p.Uid == "old").Network);
    }

    private static NamespaceFacts Space(string? mode, ulong version) =>
        new("mesh", mode is null ? [] : new Dictionary<string, string> { [EnablementSelector.ModeLabel] = mode }) { Version = version };

    private static PodRecord Pod(ulong version = 20, string? mode = null) => new()
    {
        Facts = new PodFacts
        {
            Name = "u",
            Namespace = "mesh",
            Uid = "u",
            Phase = PodPhase.Pending,
            Labels = mode is null ? [] : new Dictionary<string, string> { [EnablementSelector.ModeLabel] = mode },
        },
        Version = version,
    };

    private static SandboxRequest Request() => new(1, "u", "u", "mesh", Here, [IPAddress.Parse("10.0.0.2")], true, TimeSpan.FromHours(4));

    private void Tell(PodEvent heard) => _commands.AddRange(_book.Apply(heard, _now));

    /// <summary>What is under way ends well, and what follows.</summary>
    private void Finish()
    {
        while (_commands.OfType<PodCommand.Step>().FirstOrDefault(s => !_done.Contains(s.Ticket)) is { } step)
        {
            _done.Add(step.Ticket);
            Tell(new PodEvent.Done(step.Uid, step.Ticket, StepResult.Ok with { Kernel = KernelState.Absent, Guard = GuardState.Raised }));
        }
    }
}

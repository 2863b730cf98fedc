using Ambient.Cni.Enrolment;
using Ambient.Cni.Enrolment.Pods;

namespace Ambient.Cni.Agent.Pods;

/// <summary>
/// Sandboxes that the plugin asks for, and what the source is asked because of them. An answer says what was true at some moment after the question;
/// the watch may have told newer things meanwhile, or be behind. Of two words the one of the greater version counts; where versions cannot be compared,
/// what was told after the question. That a pod is outside of the mesh is only said by words at least as new as the request.
/// </summary>
public sealed partial class PodBook
{
    /// <summary>How long the watch may take to tell what a look-up has told already; then the source is asked whether the pod still is.</summary>
    private static readonly TimeSpan HearsayPatience = TimeSpan.FromSeconds(30);
    private readonly Dictionary<long, SandboxRequest> _unknown = [];

    // Look-ups that are out, whom they are about and the turn in which they were asked; those on behalf of a request that waits at its pod.
    private readonly Dictionary<long, (string Uid, long Turn)> _questions = [];
    private readonly Dictionary<long, string> _checks = [];

    // Pods whose end was told while a look-up was out, and the turn: its answer must not bring them back.
    private readonly Dictionary<string, long> _buried = new(StringComparer.Ordinal);
    private long _lastCheck;

    private void OnSandbox(SandboxRequest request)
    {
        PodEntry? pod = request.Uid.Length > 0 ? _pods.GetValueOrDefault(request.Uid) : Named(request);
        if (pod is null || pod.IsRecalled || AimOf(pod) == PodAim.Hold || DependsOnLabels(pod))
        {
            _unknown[request.Id] = request;
            Ask(request.Id, request.Namespace, request.Name, request.Uid);
            return;
        }

        Settle(pod, request);
    }

    /// <summary>The one pod of the name; null when there is none, or more than one because the end of the first was not told yet.</summary>
    private PodEntry? Named(SandboxRequest request)
    {
        PodEntry[] named = [.. _pods.Values.Where(p => !p.IsDeleted && !p.IsRecalled && p.Record.Facts.Name == request.Name && p.Record.Facts.Namespace == request.Namespace)];
        return named.Length == 1 ? named[0] : null;
    }

    /// <summary>Outside, by labels that may have changed without our having heard of it: a watch hangs for half a minute before that shows.</summary>
    private bool DependsOnLabels(PodEntry pod) => AimOf(pod) == PodAim.Leave
        && Decide(pod).Reason is not (EnrolmentReason.HostNetwork or EnrolmentReason.ExcludedNamespace or EnrolmentReason.AgentPod);

    /// <summary>Gives a pod the sandbox that a request brought.</summary>
    private void Settle(PodEntry pod, SandboxRequest request)
    {
        _unknown.Remove(request.Id);
        if (pod.Record.Facts.Name != request.Name || pod.Record.Facts.Namespace != request.Namespace)
        {
            Refuse(request, $"the pod with UID {request.Uid} is {pod.Record.FullName}, not {request.Namespace}/{request.Name}");
            return;
        }

        if (pod.IsDeleted)
        {
            Refuse(request, $"pod {pod.Record.FullName} was deleted");
            return;
        }

        PodAim aim = AimOf(pod);
        if (aim == PodAim.Vanish)
        {
            // The kubelet makes no sandbox for it, so nobody misses one.
            Refuse(request, $"pod {pod.Record.FullName} has ended");
            return;
        }

        if (aim == PodAim.Leave && pod.Network != request.Network)
        {
            _commands.Add(new PodCommand.Release(request.Network));
            Reply(request.Id, SandboxVerdict.Outside, Decide(pod).Text);
            if (pod.Network is { } ended)
            {
                Leave(pod, ended, "it has got another sandbox");
            }

            return;
        }

        if (_owners.TryGetValue(request.Network, out string? owner) && owner != pod.Uid)
        {
            // Two pods cannot live in one sandbox: somebody is wrong, and we do not know who.
            Refuse(request, $"{request.Network} already belongs to pod {_pods[owner].Record.FullName}; delete whichever of them is stuck");
            return;
        }

        if (pod.Network != request.Network)
        {
            MoveTo(pod, request.Network);

            // Most likely its ztunnels will do what they did for the pod before. Known only once they have answered; then the rules follow.
            pod.UsesMark = pod.UsesMark || (_areMarksUsed && SecretOf(pod) != 0);
            foreach (SandboxRequest older in pod.Waiting)
            {
                Reply(older.Id, SandboxVerdict.Failed, "the pod has got another sandbox meanwhile");
            }

            pod.Waiting.Clear();
        }
        else
        {
            // It is held already.
            _commands.Add(new PodCommand.Release(request.Network));
        }

        if (request.GuardRaised)
        {
            OnGuardRaised(pod);
        }

        pod.SandboxAddresses = request.Addresses;
        pod.WasEnrolled = true;
        pod.Waiting.Add(request);
        pod.RetryAt = TimeSpan.Zero;
        Advance(pod);
    }

    private void Refuse(SandboxRequest request, string text)
    {
        _commands.Add(new PodCommand.Release(request.Network));
        Reply(request.Id, SandboxVerdict.Failed, text);
    }

    private void Ask(long request, string ns, string name, string uid)
    {
        _questions[request] = (uid, _turn);
        _commands.Add(new PodCommand.LookUp(request, ns, name, uid));
    }

    private void OnLookedUp(PodEvent.LookedUp lookedUp)
    {
        (string uid, long asked) = _questions.Remove(lookedUp.Request, out (string, long) question) ? question : ("", 0);
        bool isConfirmed = TakeNamespace(lookedUp, asked) & TakePod(lookedUp.Pod, asked, out bool isBuried);
        if (lookedUp.IsGone && _pods.TryGetValue(uid, out PodEntry? gone) && gone.IsHearsay)
        {
            OnPodDeleted(uid);
        }

        if (_unknown.Remove(lookedUp.Request, out SandboxRequest? request))
        {
            if (isBuried)
            {
                Refuse(request, $"pod {request.Namespace}/{request.Name} was deleted");
            }
            else if (lookedUp.Pod is { } found && _pods.TryGetValue(found.Uid, out PodEntry? pod) && (request.Uid.Length == 0 || request.Uid == found.Uid))
            {
                SettleConfirmed(pod, request with { IsConfirmed = isConfirmed }, lookedUp.Error);
            }
            else
            {
                Refuse(request, lookedUp.Error ?? $"pod {request.Namespace}/{request.Name} with UID {request.Uid} is not known to the API server");
            }
        }
        else if (_checks.Remove(lookedUp.Request, out string? waiting) && _pods.TryGetValue(waiting, out PodEntry? pod))
        {
            OnChecked(pod, lookedUp, isConfirmed);
        }

        // Graves are kept for questions that are older than they are.
        long oldest = _questions.Count == 0 ? long.MaxValue : _buried.Count == 0 ? 0 : _questions.Values.Min(q => q.Turn);
        foreach (string old in _buried.Where(b => b.Value < oldest).Select(b => b.Key).ToArray())
        {
            _buried.Remove(old);
        }
    }

    private void SettleConfirmed(PodEntry pod, SandboxRequest request, string? error)
    {
        if (!request.IsConfirmed && !pod.IsDeleted && DependsOnLabels(pod))
        {
            Refuse(request, NotSaid(pod, error));
        }
        else
        {
            Settle(pod, request);
        }
    }

    /// <summary>Outside, after all, for a request that waits at its pod: asked for, as everywhere.</summary>
    private void Check(PodEntry pod, SandboxRequest request)
    {
        if (_checks.TryAdd(request.Id, pod.Uid))
        {
            Ask(request.Id, pod.Record.Facts.Namespace, pod.Record.Facts.Name, pod.Uid);
        }
    }

    private void OnChecked(PodEntry pod, PodEvent.LookedUp lookedUp, bool isConfirmed)
    {
        int index = pod.Waiting.FindIndex(r => r.Id == lookedUp.Request);
        if (index < 0)
        {
            return;
        }

        if (isConfirmed)
        {
            pod.Waiting[index] = pod.Waiting[index] with { IsConfirmed = true };
            Advance(pod);
        }
        else
        {
            pod.Waiting.RemoveAt(index);
            Reply(lookedUp.Request, SandboxVerdict.Failed, NotSaid(pod, lookedUp.Error));
        }
    }

    private static string NotSaid(PodEntry pod, string? error) =>
        $"it is not certain that pod {pod.Record.FullName} is outside of the mesh: {error ?? "its labels changed while the API server was asked"}";

    /// <summary>Whether the namespace is known now as it was when the question was asked, or newer.</summary>
    private bool TakeNamespace(PodEvent.LookedUp lookedUp, long asked)
    {
        if (lookedUp.Namespace is not { } facts)
        {
            return false;
        }

        bool isKnown = _namespaces.TryGetValue(facts.Name, out NamespaceEntry known);
        if (isKnown && !IsNewer(facts.Version, known.Facts.Version, known.ToldAt, asked))
        {
            return AreComparable(facts.Version, known.Facts.Version) || (facts.Labels.Count == known.Facts.Labels.Count && facts.Labels.All(l => known.Facts.Labels.Contains(l)));
        }

        // One that has no pod here nobody would forget.
        if (isKnown || lookedUp.Pod is not null)
        {
            _namespaces[facts.Name] = new NamespaceEntry(facts, _turn, IsHearsay: true);
            if (isKnown)
            {
                AdvanceNamespace(facts.Name);
            }
        }

        return true;
    }

    /// <summary>Whether the pod is known now as it was when the question was asked, or newer.</summary>
    private bool TakePod(PodRecord? record, long asked, out bool isBuried)
    {
        isBuried = record is not null && _buried.TryGetValue(record.Uid, out long ended) && ended > asked;
        if (record is null || isBuried)
        {
            return false;
        }

        if (_pods.TryGetValue(record.Uid, out PodEntry? known) && !known.IsRecalled && !IsNewer(record.Version, known.Record.Version, known.ToldAt, asked))
        {
            return AreComparable(record.Version, known.Record.Version);
        }

        OnPod(record);
        PodEntry pod = _pods[record.Uid];
        (pod.ToldAt, pod.IsHearsay, pod.AskAgainAt) = (_turn, true, _now + HearsayPatience);
        return true;
    }

    /// <summary>A pod that came and went while the watch was broken is known by a look-up alone: nobody will tell its end.</summary>
    private void AskAgain(PodEntry pod)
    {
        if (pod.IsHearsay && !pod.IsDeleted && _now >= pod.AskAgainAt)
        {
            pod.AskAgainAt = _now + HearsayPatience;
            Ask(--_lastCheck, pod.Record.Facts.Namespace, pod.Record.Facts.Name, pod.Uid);
        }
    }

    private static bool AreComparable(ulong one, ulong other) => one != 0 && other != 0;

    private static bool IsOlder(ulong version, ulong known) => AreComparable(version, known) && version < known;

    private static bool IsNewer(ulong version, ulong known, long toldAt, long asked) => AreComparable(version, known) ? version > known : toldAt <= asked;

    private readonly record struct NamespaceEntry(NamespaceFacts Facts, long ToldAt, bool IsHearsay);
}

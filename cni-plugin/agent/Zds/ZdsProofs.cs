namespace Ambient.Cni.Agent.Zds;

/// <summary>Which connection agreed to which namespace of which pod; tells changes. Pure. Used by one thread.</summary>
internal sealed class ZdsProofs(IZdsEvents events)
{
    private readonly Dictionary<string, List<Answer>> _answers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Told> _reported = new(StringComparer.Ordinal);

    /// <summary>An answer of one connection; it replaces that connection's older one about the pod.</summary>
    public void Set(ZdsPod pod, long connection, string? refusal, bool usesMark)
    {
        if (!_answers.TryGetValue(pod.Uid, out List<Answer>? answers))
        {
            _answers[pod.Uid] = answers = [];
        }

        answers.RemoveAll(a => a.Connection == connection);
        answers.Add(new Answer(connection, pod.Generation, refusal, usesMark));
    }

    /// <summary>Tells the state of a pod if it changed.</summary>
    public void Publish(ZdsPod pod)
    {
        Told now = new(pod.Generation, ZdsPodState.Unserved, null, true);
        foreach (Answer answer in _answers.GetValueOrDefault(pod.Uid) ?? [])
        {
            if (answer.Generation == pod.Generation && answer.Refusal is null)
            {
                now = now with { UsesMark = now.UsesMark && answer.UsesMark };
            }

            if (answer.Generation == pod.Generation && now.State != ZdsPodState.Served)
            {
                now = answer.Refusal is null ? now with { State = ZdsPodState.Served, Refusal = null } : now with { State = ZdsPodState.Refused, Refusal = answer.Refusal };
            }
        }

        bool known = _reported.TryGetValue(pod.Uid, out Told before);
        if ((known && before != now) || (!known && now.State != ZdsPodState.Unserved))
        {
            _reported[pod.Uid] = now;
            if (now.State == ZdsPodState.Served)
            {
                events.OnMark(pod.Uid, pod.Generation, now.UsesMark);
            }

            events.OnPod(pod.Uid, pod.Generation, now.State, now.Refusal);
        }
    }

    /// <summary>A refusal is told every time, so that whoever waits for a retry hears of it.</summary>
    public void ForgetReport(string uid) => _reported.Remove(uid);

    /// <summary>The pod is gone.</summary>
    public void Forget(string uid)
    {
        _answers.Remove(uid);
        _reported.Remove(uid);
    }

    /// <summary>A connection is gone: its answers count no more.</summary>
    public void ForgetConnection(long connection)
    {
        foreach (List<Answer> answers in _answers.Values)
        {
            answers.RemoveAll(a => a.Connection == connection);
        }
    }

    private readonly record struct Answer(long Connection, long Generation, string? Refusal, bool UsesMark);

    private readonly record struct Told(long Generation, ZdsPodState State, string? Refusal, bool UsesMark);
}

namespace Ambient.Cni.Agent.Zds;

/// <summary>
/// What one ztunnel has been told, what it acknowledged and what it must be told next (ztunnel.md 8.2). Pure: time and bytes come from
/// outside. Used by one thread.
/// </summary>
/// <remarks>
/// AwaitingHello → AwaitingPods → Synchronising → Settled; any of them → Closed. The protocol has no request ids: an ack belongs to the
/// oldest message that waits for one. So a message that is not acknowledged in time ends the conversation instead of being forgotten, and an
/// ack that nobody waits for does as well; what follows would be off by one for ever. Up to a window of messages is under way at once. What is
/// queued are names of pods, not messages: a pod that changes ten times while a ztunnel sleeps is told once, and the queue is never longer than
/// the number of pods.
/// </remarks>
internal sealed class ZdsConversation
{
    private readonly ZdsTimings _timings;
    private readonly Queue<Outstanding> _outstanding = new();
    private readonly LinkedList<string> _queue = new();
    private readonly HashSet<string> _queued = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Told> _told = new(StringComparer.Ordinal);
    private readonly TimeSpan _began;
    private long _sequence;
    private bool _snapshotSent;
    private bool _hearsLeads;
    private bool? _leads;
    private bool? _saidLeads;

    public ZdsConversation(long id, ZdsTimings timings, TimeSpan now) => (Id, _timings, _began) = (id, timings, now);

    /// <summary>Rises with every connection: a higher one is newer.</summary>
    public long Id { get; }

    public ZdsPhase Phase { get; private set; }

    /// <summary>Whether this ztunnel uses the packet mark that it is told for each pod.</summary>
    public bool TakesMarks { get; private set; }

    /// <summary>Why it is closed.</summary>
    public string? Reason { get; private set; }

    /// <summary>Messages under way.</summary>
    public int OutstandingCount => _outstanding.Count;

    /// <summary>Whether something waits to be told.</summary>
    public bool HasQueued => _queue.Count > 0 || (Phase == ZdsPhase.Synchronising && !_snapshotSent);

    /// <summary>When the conversation is given up unless something is heard; null when nothing is awaited.</summary>
    public TimeSpan? Deadline => Phase switch
    {
        ZdsPhase.AwaitingHello => _began + _timings.Hello,
        ZdsPhase.Closed => null,
        _ => _outstanding.Count > 0 ? _outstanding.Peek().SentAt + _timings.Ack : null,
    };

    /// <summary>The hello came. False: it was no hello, and the conversation is over.</summary>
    public bool OnHello(ReadOnlySpan<byte> packet)
    {
        if (!ZdsMessages.TryReadHello(packet, out bool takesMarks, out bool hearsLeads, out string? error))
        {
            return Close(error!);
        }

        (TakesMarks, _hearsLeads) = (takesMarks, hearsLeads);
        Phase = ZdsPhase.AwaitingPods;
        return true;
    }

    /// <summary>All pods are known: the snapshot begins.</summary>
    public void BeginSnapshot(IEnumerable<string> uids)
    {
        if (Phase != ZdsPhase.AwaitingPods)
        {
            return;
        }

        Phase = ZdsPhase.Synchronising;
        foreach (string uid in uids)
        {
            Touch(uid);
        }
    }

    /// <summary>Whether the node's pods count on this ztunnel; those that want to hear it are told when they know all pods.</summary>
    public void SetLeads(bool leads) => _leads = leads;

    /// <summary>A pod came, changed, went, or must be told again.</summary>
    public void Touch(string uid)
    {
        if (Phase is ZdsPhase.Synchronising or ZdsPhase.Settled && _queued.Add(uid))
        {
            _queue.AddLast(uid);
        }
    }

    /// <summary>As <see cref="Touch"/>, also when it was told already.</summary>
    public void Repeat(string uid)
    {
        if (_told.TryGetValue(uid, out Told told) && told.Kind == ZdsSendKind.Add)
        {
            _told[uid] = told with { Generation = -1 };
        }

        Touch(uid);
    }

    /// <summary>
    /// The next message, if the window has room and there is one. The caller sends it and then calls <see cref="OnSent"/>; when it cannot be sent
    /// now, it asks again later.
    /// </summary>
    public ZdsSend? Next(IReadOnlyDictionary<string, ZdsPod> pods)
    {
        while (Phase is ZdsPhase.Synchronising or ZdsPhase.Settled && _outstanding.Count < _timings.Window)
        {
            if (_queue.First is not { } first)
            {
                if (Phase == ZdsPhase.Settled && _hearsLeads && _leads is { } leads && leads != _saidLeads)
                {
                    return new ZdsSend(_sequence, leads ? ZdsSendKind.Leads : ZdsSendKind.Succeeded, "", null);
                }

                if (Phase == ZdsPhase.Settled || _snapshotSent)
                {
                    return null;
                }

                return new ZdsSend(_sequence, ZdsSendKind.SnapshotSent, "", null);
            }

            string uid = first.Value;
            if (Choose(uid, pods) is { } kind)
            {
                return new ZdsSend(_sequence, kind, uid, pods.GetValueOrDefault(uid));
            }

            _queue.RemoveFirst();
            _queued.Remove(uid);
        }

        return null;
    }

    /// <summary>The message went out.</summary>
    public void OnSent(ZdsSend send, TimeSpan now)
    {
        _sequence++;
        _outstanding.Enqueue(new Outstanding(send, now));
        if (send.Kind is ZdsSendKind.Leads or ZdsSendKind.Succeeded)
        {
            _saidLeads = send.Kind == ZdsSendKind.Leads;
            return;
        }

        if (send.Kind == ZdsSendKind.SnapshotSent)
        {
            _snapshotSent = true;
            return;
        }

        _queue.RemoveFirst();
        _queued.Remove(send.Uid);
        _told[send.Uid] = new Told(send.Kind, send.Pod?.Generation ?? 0, send.Sequence);
    }

    /// <summary>The message cannot be said at all (its texts do not fit): it is left out.</summary>
    public void Skip(ZdsSend send)
    {
        _queue.RemoveFirst();
        _queued.Remove(send.Uid);
    }

    /// <summary>An ack came. False: the conversation is over. <paramref name="answered"/> is the message that it belongs to.</summary>
    public bool OnAck(ReadOnlySpan<byte> packet, out ZdsSend? answered, out string? refusal)
    {
        answered = null;
        if (!ZdsMessages.TryReadAck(packet, out refusal, out string? error))
        {
            return Close(error!);
        }

        if (!_outstanding.TryDequeue(out Outstanding? oldest))
        {
            return Close("an ack came that nothing waits for");
        }

        answered = oldest.Send;
        if (answered.Kind == ZdsSendKind.SnapshotSent)
        {
            if (refusal is not null)
            {
                return Close("the end of the snapshot was refused: " + refusal);
            }

            Phase = ZdsPhase.Settled;
        }
        else if (_told.TryGetValue(answered.Uid, out Told told) && told.Sequence == answered.Sequence && told.Kind == ZdsSendKind.Delete)
        {
            _told.Remove(answered.Uid);
        }

        return true;
    }

    /// <summary>Closes the conversation when something awaited did not come. Returns whether it lives on.</summary>
    public bool OnTime(TimeSpan now)
    {
        if (Deadline is not { } deadline || now < deadline)
        {
            return Phase != ZdsPhase.Closed;
        }

        return Close(Phase == ZdsPhase.AwaitingHello
            ? $"no hello within {_timings.Hello.TotalSeconds:0.#} s"
            : $"{Describe(_outstanding.Peek().Send)} was not acknowledged within {_timings.Ack.TotalSeconds:0.#} s, {_outstanding.Count} messages outstanding");
    }

    /// <summary>Ends it. Always false, for the callers' convenience.</summary>
    public bool Close(string reason)
    {
        if (Phase != ZdsPhase.Closed)
        {
            Phase = ZdsPhase.Closed;
            Reason = reason;
        }

        return false;
    }

    private static string Describe(ZdsSend send) => send.Kind == ZdsSendKind.SnapshotSent ? "the end of the snapshot" : send.Uid.Length == 0 ? "who leads" : $"{send.Kind} of pod {send.Uid}";

    /// <summary>What this ztunnel must hear about a pod; null for nothing.</summary>
    private ZdsSendKind? Choose(string uid, IReadOnlyDictionary<string, ZdsPod> pods)
    {
        bool known = _told.TryGetValue(uid, out Told told);
        if (!pods.TryGetValue(uid, out ZdsPod? pod))
        {
            return known && told.Kind != ZdsSendKind.Delete ? ZdsSendKind.Delete : null;
        }

        if (pod.Network is null)
        {
            // A keep is only allowed before the end of the snapshot; after it there is nothing to say until the namespace is found.
            return !_snapshotSent && !known ? ZdsSendKind.Keep : null;
        }

        return known && told.Kind == ZdsSendKind.Add && told.Generation == pod.Generation ? null : ZdsSendKind.Add;
    }

    private readonly record struct Told(ZdsSendKind Kind, long Generation, long Sequence);

    private sealed record Outstanding(ZdsSend Send, TimeSpan SentAt);
}

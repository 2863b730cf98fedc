using System.Globalization;
using Ambient.Grpc.Framing;
using Ambient.Xds.Server.Resources;

namespace Ambient.Xds.Server.Sessions;

internal sealed partial class DeltaSession
{
    /// <summary>The responses that are due, all of one moment of the store.</summary>
    /// <exception cref="GrpcException">The client lags so far behind that it has to connect anew.</exception>
    internal IReadOnlyList<Outgoing> Due()
    {
        lock (_gate)
        {
            if (_types.Count == 0)
            {
                return [];
            }

            var work = new List<Work>(_types.Count);
            long now;
            lock (store.Gate)
            {
                now = store.Now;
                foreach (ResourceTable table in store.Tables)
                {
                    if (_types.TryGetValue(table.TypeUrl, out TypeSubscription? type))
                    {
                        work.Add(Prepare(type, table));
                    }
                }
            }

            work.AddRange(_types.Values.Where(type => type.IsAnswerDue && store.FindTable(type.TypeUrl) is null).Select(static type => new Work(type, null, ResourceDelta.Nothing)));
            List<Outgoing> due = InOrder([.. work.Select(item => Finish(item, now))], now);
            ReturnBudget();
            return due;
        }
    }

    /// <summary>What is done under the store's lock: what takes long is left for after it.</summary>
    private Work Prepare(TypeSubscription type, ResourceTable table)
    {
        if (!type.IsWildcard)
        {
            return new Work(type, null, OnDemand(type, table));
        }

        if (type.MayBeLimited && Limit(type) is { } needs)
        {
            return new Work(type, null, Needed(type, table, needs));
        }

        if (type.Moment < 0 || type.IsEverythingDue)
        {
            return new Work(type, table.IsOwned ? table.OfOwner(_owner!) : table.All(), ResourceDelta.Nothing);
        }

        ResourceDelta delta = Since(type, table);
        if (table.IsOwned)
        {
            return new Work(type, null, Own(delta));
        }

        return new Work(type, null, type.Asked.Count == 0 ? delta : WithAsked(type, table, delta));
    }

    private ResourceDelta Own(ResourceDelta delta) => delta.IsEmpty ? delta : new ResourceDelta(
        [.. delta.Changed.Where(entry => ResourceTable.IsOf(entry.Name, _owner!))],
        [.. delta.Removed.Where(name => ResourceTable.IsOf(name, _owner!))]);

    private static ResourceDelta Since(TypeSubscription type, ResourceTable table) => table.TrySince(type.Moment, out ResourceDelta delta)
        ? delta
        : throw new GrpcException(GrpcCode.Unavailable, "transport is closing: this client is too far behind; on reconnection its state is compared anew");

    /// <summary>Names that a wildcard client asks for all the same are answered, not remembered (5.5).</summary>
    private static ResourceDelta WithAsked(TypeSubscription type, ResourceTable table, ResourceDelta delta)
    {
        var changed = delta.Changed.ToDictionary(static entry => entry.Name, StringComparer.Ordinal);
        var removed = new HashSet<string>(delta.Removed, StringComparer.Ordinal);
        foreach (string name in type.Asked)
        {
            ResourceEntry[] found = [.. table.Resolve(name)];
            _ = found.Length > 0 || removed.Add(name);
            foreach (ResourceEntry entry in found)
            {
                changed[entry.Name] = entry;
            }
        }

        return new ResourceDelta([.. changed.Values], [.. removed]);
    }

    private Answer Finish(Work work, long now)
    {
        TypeSubscription type = work.Type;
        ResourceDelta delta = work.All is null ? work.Delta : CompareAll(type, work.All);
        bool isDue = type.IsAnswerDue || !delta.IsEmpty;
        type.Moment = now;
        type.IsAnswerDue = false;
        type.IsEverythingDue = false;
        type.Initial = null;
        type.Asked.Clear();
        type.GivenUp.Clear();
        return new Answer(type, delta, isDue);
    }

    /// <summary>What a reconnecting client has in the right version is left out; what it has and is no more is removed.</summary>
    private static ResourceDelta CompareAll(TypeSubscription type, ResourceEntry[] all)
    {
        if (type.Initial is not { } initial)
        {
            return new ResourceDelta(all, []);
        }

        var changed = new List<ResourceEntry>();
        int known = 0;
        foreach (ResourceEntry entry in all)
        {
            bool isKnown = initial.TryGetValue(entry.Name, out string? version);
            known += isKnown ? 1 : 0;
            if (!isKnown || version != entry.Version)
            {
                changed.Add(entry);
            }
        }

        if (known == initial.Count)
        {
            return new ResourceDelta(changed, []);
        }

        var gone = new HashSet<string>(initial.Keys, StringComparer.Ordinal);
        gone.ExceptWith(all.Select(static entry => entry.Name));
        return new ResourceDelta(changed, [.. gone]);
    }

    /// <summary>
    /// What is referred to comes first and goes last: policies are set before the workloads that list them, and removed after (Q13).
    /// </summary>
    private List<Outgoing> InOrder(Answer[] answers, long now)
    {
        var due = new List<Outgoing>();
        var later = new Stack<Answer>();
        for (int i = 0; i < answers.Length; i++)
        {
            Answer answer = answers[i];
            bool hasDependents = Array.Exists(answers[(i + 1)..], static other => !other.Delta.IsEmpty);
            if (!answer.IsDue)
            {
                continue;
            }

            if (!hasDependents || answer.Delta.Removed.Count == 0)
            {
                Add(due, answer.Type, answer.Delta, now);
                continue;
            }

            later.Push(answer);
            if (answer.Delta.Changed.Count > 0)
            {
                Add(due, answer.Type, answer.Delta with { Removed = [] }, now);
            }
        }

        while (later.TryPop(out Answer? last))
        {
            Add(due, last.Type, last.Delta with { Changed = [] }, now);
        }

        return due;
    }

    /// <summary>One response, or several where one would be larger than clients take.</summary>
    private void Add(List<Outgoing> due, TypeSubscription type, ResourceDelta delta, long now)
    {
        IReadOnlyList<string> removed = delta.Removed;
        int from = 0;
        do
        {
            long bytes = 0;
            int to = from;
            while (to < delta.Changed.Count && (to == from || bytes + delta.Changed[to].Field.Length <= limits.MaxResponseBytes))
            {
                bytes += delta.Changed[to++].Field.Length;
            }

            IReadOnlyList<ResourceEntry> part = from == 0 && to == delta.Changed.Count ? delta.Changed : [.. delta.Changed.Skip(from).Take(to - from)];
            type.Refused.OnSent(part.Select(static entry => entry.Name).Concat(removed));
            type.LastNonce = string.Create(CultureInfo.InvariantCulture, $"{now:x}-{++_responses:x}");
            type.Unanswered.OnSent(type.LastNonce, now, clock.GetUtcNow());
            type.LastSent = (now, [.. part.Take(NamesForLog).Select(static entry => entry.Name)]);
            due.Add(new Outgoing(type.TypeUrl, type.LastNonce, part, removed));
            removed = [];
            from = to;
        }
        while (from < delta.Changed.Count);
    }

    /// <summary>A type's part of the answer before the long work: all there is, or what changed.</summary>
    private sealed record Work(TypeSubscription Type, ResourceEntry[]? All, ResourceDelta Delta);

    private sealed record Answer(TypeSubscription Type, ResourceDelta Delta, bool IsDue);
}

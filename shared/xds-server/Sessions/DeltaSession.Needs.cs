using System.Collections.Frozen;
using Ambient.Grpc.Framing;
using Ambient.Xds.Server.Resources;

namespace Ambient.Xds.Server.Sessions;

/// <remarks>
/// Clients that are told what they need (<see cref="NeedsRule"/>): what they hold is at any time what <see cref="IsNeeded"/> says, and nothing else. A change costs what it touches.
/// </remarks>
internal sealed partial class DeltaSession
{
    /// <summary>Whether this client takes less than everything of a type that it asks for now: it has asked for what says so before.</summary>
    private bool MayBeLimited(string typeUrl) => store.Needs is { } rule && rule.LimitedType == typeUrl && _types.ContainsKey(rule.NeedsType);

    /// <summary>What this client needs; null: everything. It is compared anew when the one becomes the other.</summary>
    private IReadOnlySet<string>? Limit(TypeSubscription type)
    {
        ResourceTable said = store.FindTable(store.Needs!.NeedsType)!;
        IReadOnlySet<string>? needs = said.Find(NeedsRule.NameFor(_owner!))?.Needs ?? (said.Find(NeedsRule.EverythingFor(_owner!)) is null ? FrozenSet<string>.Empty : null);
        return type.Moment < 0 || (type.Needs is null) == (needs is null) ? needs
            : throw new GrpcException(GrpcCode.Unavailable, "transport is closing: this client is told another part of the mesh from now on; on reconnection its state is compared anew");
    }

    private ResourceDelta Needed(TypeSubscription type, ResourceTable table, IReadOnlySet<string> needs)
    {
        bool isFirst = type.Moment < 0;
        var touched = new Dictionary<string, ResourceEntry?>(StringComparer.Ordinal);
        if (isFirst && type.Initial is { } initial)
        {
            foreach ((string name, string version) in initial)
            {
                type.Told[name] = version;
                touched[name] = table.Find(name);
            }
        }

        ResourceDelta delta = isFirst ? ResourceDelta.Nothing : Since(type, table);
        foreach (ResourceEntry entry in delta.Changed)
        {
            touched[entry.Name] = entry;
        }

        foreach (string name in delta.Removed)
        {
            touched[name] = null;
        }

        foreach (ResourceEntry entry in Different(type.Needs, needs).SelectMany(name => WithMembers(table, name)).Concat(isFirst ? table.OnNode(_node) : []))
        {
            touched[entry.Name] = entry;
        }

        type.Needs = needs;
        var removed = new HashSet<string>(StringComparer.Ordinal);
        var forced = new HashSet<string>(StringComparer.Ordinal);
        foreach (string name in type.Asked.Concat(type.GivenUp))
        {
            bool isFound = false;
            foreach (ResourceEntry entry in WithMembers(table, name).Concat(table.Named(name)))
            {
                isFound = true;
                touched[entry.Name] = entry;

                // Someone waits for it, whether it was told before or not.
                _ = isFirst || !type.Asked.Contains(name) || forced.Add(entry.Name);
            }

            _ = isFound || !type.Asked.Contains(name) || removed.Add(name);
        }

        var changed = new List<ResourceEntry>();
        foreach ((string name, ResourceEntry? entry) in touched)
        {
            if (entry is null || !IsNeeded(type, entry))
            {
                _ = (type.Told.Remove(name) || (entry is null && type.Subscribed.Contains(name))) && removed.Add(name);
            }
            else if (!type.Told.TryGetValue(name, out string? version) || version != entry.Version || forced.Contains(name))
            {
                type.Told[name] = entry.Version;
                changed.Add(entry);
            }
        }

        return new ResourceDelta(changed, [.. removed]);
    }

    /// <summary>
    /// Needed by itself or by one of its groups, subscribed to in the same way or by an alias, or on the client's node. A group that is subscribed to by an alias brings no members: clients subscribe
    /// to addresses that they know nothing of.
    /// </summary>
    private bool IsNeeded(TypeSubscription type, ResourceEntry entry) =>
        IsNamed(type, entry.Name)
        || entry.Groups.Any(group => IsNamed(type, group))
        || entry.Aliases.Any(type.Subscribed.Contains)
        || (entry.Node.Length > 0 && entry.Node == _node);

    private static bool IsNamed(TypeSubscription type, string name) => type.Needs!.Contains(name) || type.Subscribed.Contains(name);

    private static IEnumerable<string> Different(IReadOnlySet<string>? before, IReadOnlySet<string> now) =>
        before is null ? now : ReferenceEquals(before, now) ? [] : before.Where(name => !now.Contains(name)).Concat(now.Where(name => !before.Contains(name)));

    private static IEnumerable<ResourceEntry> WithMembers(ResourceTable table, string name) => table.Find(name) is { } entry ? table.Members(name).Prepend(entry) : table.Members(name);
}

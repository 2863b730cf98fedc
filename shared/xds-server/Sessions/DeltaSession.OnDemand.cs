using Ambient.Xds.Server.Resources;

namespace Ambient.Xds.Server.Sessions;

internal sealed partial class DeltaSession
{
    /// <summary>What an on-demand client is due: what it asked for, what of its own changed, and what runs on its node.</summary>
    private ResourceDelta OnDemand(TypeSubscription type, ResourceTable table)
    {
        var changed = new Dictionary<string, ResourceEntry>(StringComparer.Ordinal);
        var forced = new HashSet<string>(StringComparer.Ordinal);
        var removed = new HashSet<string>(StringComparer.Ordinal);
        foreach (string name in type.Asked)
        {
            ResourceEntry[] found = [.. table.Resolve(name)];
            _ = found.Length > 0 || removed.Add(name);
            foreach (ResourceEntry entry in found)
            {
                changed[entry.Name] = entry;
                _ = IsHeldInitially(type, name, entry) || forced.Add(entry.Name);
            }
        }

        ResourceDelta delta = type.Moment < 0 ? ResourceDelta.Nothing : Since(type, table);
        foreach (ResourceEntry entry in delta.Changed)
        {
            if (IsWanted(type, entry))
            {
                AddWithMembers(table, entry, changed);
            }
        }

        if (type.Moment < 0 && _node.Length > 0)
        {
            foreach (ResourceEntry local in table.OnNode(_node))
            {
                changed[local.Name] = local;
            }
        }

        removed.UnionWith(delta.Removed.Where(name => type.Told.ContainsKey(name) || type.Subscribed.Contains(name)));
        ResourceEntry[] news = [.. changed.Values.Where(entry => forced.Contains(entry.Name) || !Holds(type, entry))];
        foreach (string name in removed)
        {
            type.Told.Remove(name);
        }

        foreach (ResourceEntry entry in changed.Values)
        {
            type.Told[entry.Name] = entry.Version;
        }

        return new ResourceDelta(news, [.. removed]);
    }

    private static void AddWithMembers(ResourceTable table, ResourceEntry entry, Dictionary<string, ResourceEntry> changed)
    {
        changed[entry.Name] = entry;
        foreach (ResourceEntry member in entry.IsGroup ? table.Members(entry.Name) : [])
        {
            changed[member.Name] = member;
        }
    }

    /// <summary>
    /// Subscribed to by any of its names, told before, on the client's node, or member of a service that the client has: a service
    /// without its new endpoints would be half known, so these are told too (the reference leaves them out, 5.6).
    /// </summary>
    private bool IsWanted(TypeSubscription type, ResourceEntry entry) =>
        type.Told.ContainsKey(entry.Name)
        || type.Subscribed.Contains(entry.Name)
        || (entry.Node.Length > 0 && entry.Node == _node)
        || entry.Aliases.Any(type.Subscribed.Contains)
        || entry.Groups.Any(group => type.Told.ContainsKey(group) || type.Subscribed.Contains(group));

    /// <summary>
    /// Whether a reconnecting client names this version, under the name that it asks by or, where that stands for several, under the
    /// resource's own. What is asked for on a living stream is sent in any case: someone waits for it.
    /// </summary>
    private static bool IsHeldInitially(TypeSubscription type, string name, ResourceEntry entry)
    {
        if (type.Initial is not { } initial)
        {
            return false;
        }

        bool isOwnName = name == entry.Name || entry.Groups.Contains(name, StringComparer.Ordinal);
        return initial.TryGetValue(isOwnName ? entry.Name : name, out string? version) && version == entry.Version;
    }

    private static bool Holds(TypeSubscription type, ResourceEntry entry) =>
        (type.Told.TryGetValue(entry.Name, out string? version) || (type.Initial?.TryGetValue(entry.Name, out version) ?? false)) && version == entry.Version;
}

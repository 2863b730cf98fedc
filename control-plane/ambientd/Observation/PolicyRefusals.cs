using Ambient.Mesh.Identities;
using Ambient.Xds.Server.Serving;

namespace Ambient.ControlPlane.Observation;

/// <summary>
/// Which policies node proxies refuse, for the conditions of the objects that they are made of. Only what trusted node accounts say counts, of a bounded number of policies. What is
/// said about one stays the same while anybody refuses it, however many do and in whatever order: each change is a write. Not thread-safe.
/// </summary>
/// <param name="typeUrl">The type of policies.</param>
/// <param name="nodeAccounts">Accounts of node proxies, <c>namespace/account</c>.</param>
internal sealed class PolicyRefusals(string typeUrl, IReadOnlyList<string> nodeAccounts)
{
    internal const int Most = 256;
    private readonly Dictionary<string, Held> _held = new(StringComparer.Ordinal);

    /// <summary>How long a refusal of a proxy that went away counts: when it comes back, it says so again, or not.</summary>
    internal static TimeSpan Grace { get; } = TimeSpan.FromMinutes(1);

    /// <summary>What is to be said about each policy that is refused, by the clients of this moment; null: the same as before.</summary>
    internal IReadOnlyDictionary<string, string>? Look(IEnumerable<XdsClientStatus> clients, DateTimeOffset now)
    {
        var connected = new HashSet<string>(StringComparer.Ordinal);
        var refused = new Dictionary<string, Dictionary<string, string>>(StringComparer.Ordinal);
        foreach (XdsClientStatus client in clients.Where(client => client.Identities.Any(IsNodeProxy)))
        {
            connected.Add(client.Id);
            foreach ((string name, string reason) in client.Types.Where(type => type.TypeUrl == typeUrl).SelectMany(static type => type.Refused))
            {
                if (!refused.TryGetValue(name, out Dictionary<string, string>? by))
                {
                    refused[name] = by = new Dictionary<string, string>(StringComparer.Ordinal);
                }

                by[client.Id] = $"refused by ztunnel, which keeps what it had of it; {Shown(client)} says: {reason}";
            }
        }

        bool isOther = false;
        foreach ((string name, Dictionary<string, string> by) in refused)
        {
            isOther |= See(name, by, connected, now);
        }

        foreach (string name in _held.Where(held => !refused.ContainsKey(held.Key) && (connected.Contains(held.Value.Client) || now - held.Value.Seen > Grace)).Select(static held => held.Key).ToArray())
        {
            isOther |= _held.Remove(name);
        }

        return isOther ? _held.ToDictionary(static held => held.Key, static held => held.Value.Message, StringComparer.Ordinal) : null;
    }

    private static string Shown(XdsClientStatus client) => client.Node.Length > 0 ? "the one of node " + client.Node : client.Id;

    private bool See(string name, Dictionary<string, string> by, HashSet<string> connected, DateTimeOffset now)
    {
        bool isKnown = _held.TryGetValue(name, out Held? held);
        if (!isKnown && _held.Count >= Most)
        {
            return false;
        }

        // The one that was quoted is quoted as long as it refuses, or may come back and do so.
        bool stays = isKnown && !by.ContainsKey(held!.Client) && !connected.Contains(held.Client) && now - held.Seen <= Grace;
        if (stays)
        {
            return false;
        }

        (string client, string message) = isKnown && by.TryGetValue(held!.Client, out string? again) ? (held.Client, again) : by.OrderBy(static pair => pair.Key, StringComparer.Ordinal).Select(static pair => (pair.Key, pair.Value)).First();
        _held[name] = new Held(client, message, now);
        return held?.Message != message;
    }

    private bool IsNodeProxy(SpiffeId identity) => nodeAccounts.Contains($"{identity.Namespace}/{identity.ServiceAccount}", StringComparer.Ordinal);

    /// <summary>Whom we quote about a policy, with what, and when it was last heard.</summary>
    private sealed record Held(string Client, string Message, DateTimeOffset Seen);
}

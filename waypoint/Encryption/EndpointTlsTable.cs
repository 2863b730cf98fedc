using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Ambient.Protocol.L7;
using Ambient.Waypoint.Balancing;
using Google.Protobuf;

namespace Ambient.Waypoint.Encryption;

/// <summary>
/// Everything that policies say about TLS to endpoints, made ready once. What was made lives as long as the settings that it was made of: whoever holds a configuration finds
/// what belongs to it, also when there is a newer one. Settings come out of it without their private keys: nothing that shows configuration can show one.
/// Thread-safe.
/// </summary>
internal sealed class EndpointTlsTable(Action<string>? problem = null)
{
    // By reference: messages are equal by what they say, and without their keys too many would be.
    private readonly ConditionalWeakTable<UpstreamTls, EndpointTls> _made = [];

    // So that equal settings share connections and kept sessions.
    private readonly Dictionary<string, WeakReference<EndpointTls>> _byDigest = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();

    /// <summary>
    /// Makes the settings of a destination ready; returns what others may see of them, and find by them. Where they are not known yet, those <paramref name="before"/> go on: a control plane that has
    /// just begun does not take away what it will say again in a moment. Plaintext does not go on, nor what was broken.
    /// </summary>
    public DestinationSettings Take(DestinationSettings settings, DestinationSettings? before = null)
    {
        if (settings.Policies.All(static scoped => scoped.Policy?.Tls is null))
        {
            return settings;
        }

        DestinationSettings shown = settings.Clone();
        RemoveKeys(shown);
        for (int i = 0; i < shown.Policies.Count; i++)
        {
            ScopedPolicy scoped = shown.Policies[i];
            if (scoped.Policy?.Tls is { Pending: true } && Earlier(before, scoped) is { } earlier)
            {
                // The very same: what was made of it is found by it.
                scoped.Policy.Tls = earlier;
            }
            else if (scoped.Policy?.Tls is { } tls)
            {
                Take(settings.Policies[i].Policy.Tls, tls, $"{settings.Namespace}/{settings.Hostname}");
            }
        }

        return shown;
    }

    /// <summary>What a policy says; null: nothing.</summary>
    public EndpointTls? Find(TrafficPolicy policy) => policy.Tls is not { } tls ? null : _made.TryGetValue(tls, out EndpointTls? made) ? made : EndpointTls.Unknown;

    /// <summary>Takes the private keys out of settings; whether there were any.</summary>
    public static bool RemoveKeys(DestinationSettings settings)
    {
        bool hadAny = false;
        foreach (UpstreamTls tls in settings.Policies.Select(static scoped => scoped.Policy?.Tls).OfType<UpstreamTls>().Where(static tls => !tls.PrivateKey.IsEmpty))
        {
            hadAny = true;
            tls.PrivateKey = ByteString.Empty;
        }

        return hadAny;
    }

    private UpstreamTls? Earlier(DestinationSettings? before, ScopedPolicy scoped) =>
        before?.PolicyFor(scoped.Port, scoped.Subset)?.Tls is { Broken: "" } tls && _made.TryGetValue(tls, out EndpointTls? made) && made.Broken is null ? tls : null;

    private void Take(UpstreamTls whole, UpstreamTls shown, string destination)
    {
        EndpointTls made;
        lock (_gate)
        {
            made = Share(whole);
            _made.Add(shown, made);
        }

        if (made.Broken is { } broken)
        {
            problem?.Invoke($"{destination}: {broken}");
        }
    }

    private EndpointTls Share(UpstreamTls tls)
    {
        string digest = Convert.ToHexStringLower(SHA256.HashData(tls.ToByteArray()));
        if (_byDigest.TryGetValue(digest, out WeakReference<EndpointTls>? known) && known.TryGetTarget(out EndpointTls? shared))
        {
            return shared;
        }

        // Something new is rare; then those go that nobody holds.
        foreach (string gone in _byDigest.Where(static pair => !pair.Value.TryGetTarget(out _)).Select(static pair => pair.Key).ToArray())
        {
            _byDigest.Remove(gone);
        }

        EndpointTls made = EndpointTls.Make(tls);
        _byDigest[digest] = new WeakReference<EndpointTls>(made);
        return made;
    }
}

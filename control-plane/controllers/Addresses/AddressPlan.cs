using System.Net;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Istio;

namespace Ambient.ControlPlane.Controllers.Addresses;

/// <summary>
/// Which ServiceEntry has which addresses (control-plane reference 2.7). What objects say counts, so that a restart numbers nothing anew; between two
/// that say the same the older keeps it, and what a user wrote beats what was given out. Not thread-safe.
/// </summary>
public sealed class AddressPlan(AddressPool pool)
{
    private readonly Dictionary<ResourceKey, ServiceEntry> _entries = [];
    private readonly Dictionary<int, HashSet<ResourceKey>> _holders = [];
    private readonly Dictionary<IPAddress, HashSet<ResourceKey>> _written = [];
    private readonly Dictionary<(ResourceKey Key, string Host), int> _promised = [];
    private readonly HashSet<int> _taken = [];
    private int _last;

    /// <summary>An entry as it is now; null: it is gone. Those whose addresses are in doubt by it, itself included.</summary>
    public IReadOnlyCollection<ResourceKey> Set(ResourceKey key, ServiceEntry? now)
    {
        var doubted = new HashSet<ResourceKey>();
        if (_entries.Remove(key, out ServiceEntry? before))
        {
            Note(key, before, isThere: false, doubted);
        }

        if (now is not null)
        {
            _entries[key] = now;
            Note(key, now, isThere: true, doubted);
            doubted.Add(key);
        }

        return doubted;
    }

    /// <summary>The addresses that an entry's status should have; null: it has them.</summary>
    public IReadOnlyList<AllocatedAddress>? Decide(ResourceKey key)
    {
        if (!_entries.TryGetValue(key, out ServiceEntry? entry))
        {
            return null;
        }

        var wanted = new List<AllocatedAddress>();
        foreach (string host in Hosts(entry))
        {
            int? number = NumberOf(entry, host);
            int kept = number is { } known && IsOurs(key, known) ? known : Promised(key, host);
            if (kept == 0)
            {
                continue;
            }

            (IPAddress ipv4, IPAddress ipv6) = pool[kept];
            wanted.Add(new AllocatedAddress { Host = host, Value = ipv4.ToString() });
            wanted.Add(new AllocatedAddress { Host = host, Value = ipv6.ToString() });
        }

        return wanted.SequenceEqual(entry.Status.Addresses) ? null : wanted;
    }

    /// <summary>The hosts of an entry that get addresses; none when it is not for it.</summary>
    internal static IReadOnlyList<string> Hosts(ServiceEntry entry)
    {
        bool isOut = entry.Spec.Addresses.Count > 0 || entry.Spec.Resolution is "" or "NONE"
            || entry.Metadata.Labels.Find("networking.istio.io/enable-autoallocate-ip") == "false";
        return isOut ? [] : [.. entry.Spec.Hosts.Where(host => !host.StartsWith('*') || entry.Spec.Resolution == "DYNAMIC_DNS").Distinct(StringComparer.Ordinal)];
    }

    /// <summary>The number of a host's pair, when both are there and belong together.</summary>
    private int? NumberOf(ServiceEntry entry, string host)
    {
        int[] numbers = [.. entry.Status.Addresses.Where(address => address.Host == host)
            .Select(address => IPAddress.TryParse(address.Value, out IPAddress? ip) ? pool.NumberOf(ip) ?? 0 : 0)];
        return numbers is [var first and > 0, var second] && first == second ? first : null;
    }

    private bool IsOurs(ResourceKey key, int number) => IsUnwritten(number)
        && (!_holders.TryGetValue(number, out HashSet<ResourceKey>? holders) || holders.All(other => other == key || IsOlder(key, other)));

    private bool IsUnwritten(int number)
    {
        (IPAddress ipv4, IPAddress ipv6) = pool[number];
        return !_written.ContainsKey(ipv4) && !_written.ContainsKey(ipv6);
    }

    private bool IsOlder(ResourceKey one, ResourceKey other)
    {
        ServiceEntry a = _entries[one], b = _entries[other];
        int age = (a.Metadata.CreationTimestamp ?? default).CompareTo(b.Metadata.CreationTimestamp ?? default);
        return age != 0 ? age < 0 : string.CompareOrdinal(one.ToString(), other.ToString()) < 0;
    }

    /// <summary>The number that a host was promised and does not show yet, else the next free one; 0: the pool is empty.</summary>
    private int Promised(ResourceKey key, string host)
    {
        if (_promised.TryGetValue((key, host), out int promised) && !_holders.ContainsKey(promised) && IsUnwritten(promised))
        {
            return promised;
        }

        for (int tried = 0; tried < pool.Size; tried++)
        {
            _last = (_last % pool.Size) + 1;
            if (!_holders.ContainsKey(_last) && !_taken.Contains(_last) && IsUnwritten(_last))
            {
                // Held until the object says so itself, so that nobody else gets it meanwhile.
                _promised[(key, host)] = _last;
                _taken.Add(_last);
                return _last;
            }
        }

        return 0;
    }

    private void Note(ResourceKey key, ServiceEntry entry, bool isThere, HashSet<ResourceKey> doubted)
    {
        foreach (AllocatedAddress address in entry.Status.Addresses)
        {
            if (IPAddress.TryParse(address.Value, out IPAddress? ip) && pool.NumberOf(ip) is { } number)
            {
                if (isThere && _promised.Remove((key, address.Host ?? ""), out int promised))
                {
                    _taken.Remove(promised);
                }

                Change(_holders, number, key, isThere);
                doubted.UnionWith(_holders.GetValueOrDefault(number) ?? []);
            }
        }

        foreach (string text in entry.Spec.Addresses)
        {
            if (IPAddress.TryParse(text, out IPAddress? ip) && pool.NumberOf(ip) is { } number)
            {
                Change(_written, ip, key, isThere);
                doubted.UnionWith(_holders.GetValueOrDefault(number) ?? []);
            }
        }
    }

    private static void Change<T>(Dictionary<T, HashSet<ResourceKey>> index, T at, ResourceKey key, bool isThere)
        where T : notnull
    {
        if (isThere)
        {
            (index.TryGetValue(at, out HashSet<ResourceKey>? keys) ? keys : index[at] = []).Add(key);
        }
        else if (index.TryGetValue(at, out HashSet<ResourceKey>? keys) && keys.Remove(key) && keys.Count == 0)
        {
            index.Remove(at);
        }
    }
}

using System.Net;

namespace Ambient.Cni.Enrolment.Pods;

/// <summary>A pod's addresses (cni-and-redirection.md 1.3).</summary>
public static class PodAddresses
{
    /// <summary>
    /// <c>status.podIPs</c> when there are any, else <c>status.podIP</c>, else none. IPv4 in IPv6 is unmapped, doubles and what is
    /// no address are left out; <paramref name="refused"/> holds the latter.
    /// </summary>
    public static IReadOnlyList<IPAddress> FromStatus(string? podIp, IEnumerable<string?>? podIps, out IReadOnlyList<string> refused)
    {
        List<string> texts = [.. (podIps ?? []).OfType<string>().Where(t => t.Length > 0)];
        if (texts.Count == 0 && !string.IsNullOrEmpty(podIp))
        {
            texts.Add(podIp);
        }

        List<IPAddress> addresses = [];
        List<string> wrong = [];
        foreach (string text in texts)
        {
            if (!TryParse(text, out IPAddress? address))
            {
                wrong.Add(text);
            }
            else if (!addresses.Contains(address))
            {
                addresses.Add(address);
            }
        }

        refused = wrong;
        return addresses;
    }

    /// <summary>An address in its usual text, without a zone and without IPv4's short forms; IPv4 in IPv6 is unmapped.</summary>
    public static bool TryParse(string? text, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out IPAddress? address)
    {
        address = null;

        // IPAddress also reads 10.1 and 0x7f000001, which nobody writes into a pod's status in good faith.
        if (string.IsNullOrEmpty(text) || text.Contains('%') || (!text.Contains(':') && text.Count(c => c == '.') != 3) || !IPAddress.TryParse(text, out IPAddress? parsed))
        {
            return false;
        }

        address = parsed.IsIPv4MappedToIPv6 ? parsed.MapToIPv4() : parsed;
        return true;
    }
}

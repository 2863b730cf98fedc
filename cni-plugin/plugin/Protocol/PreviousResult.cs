using System.Net;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Ambient.Cni.Enrolment.Pods;
using Ambient.Cni.Enrolment.Wire;

namespace Ambient.Cni.Plugin.Protocol;

/// <summary>What the plugins before us made. It is handed on byte for byte, whatever it holds; only addresses are read from it. Immutable.</summary>
/// <param name="Output">The result to print.</param>
/// <param name="Addresses">The sandbox's addresses.</param>
internal sealed record PreviousResult(byte[] Output, IReadOnlyList<IPAddress> Addresses)
{
    /// <summary>Reads <c>prevResult</c>; null when there is none. Throws <see cref="CniException"/>.</summary>
    public static PreviousResult? Read(JsonElement root, string version)
    {
        if (!root.TryGetProperty("prevResult", out JsonElement result) || result.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        if (result.ValueKind != JsonValueKind.Object)
        {
            throw NetworkConfiguration.Wrong("prevResult", "an object");
        }

        ReadOnlySpan<byte> raw = JsonMarshal.GetRawUtf8Value(result);
        return new PreviousResult(result.TryGetProperty("cniVersion", out _) ? raw.ToArray() : WithVersion(raw, version, result.EnumerateObject().Any()), ReadAddresses(result));
    }

    /// <summary>A result must say its version; where nobody did, it is the configuration's.</summary>
    private static byte[] WithVersion(ReadOnlySpan<byte> raw, string version, bool hasFields) =>
        [.. Encoding.ASCII.GetBytes($"{{\"cniVersion\":\"{version}\"{(hasFields ? "," : "")}"), .. raw[1..]];

    private static List<IPAddress> ReadAddresses(JsonElement result)
    {
        List<IPAddress> addresses = [];
        if (!result.TryGetProperty("ips", out JsonElement list) || list.ValueKind == JsonValueKind.Null)
        {
            return addresses;
        }

        if (list.ValueKind != JsonValueKind.Array || list.GetArrayLength() > PluginMessage.MaxAddresses)
        {
            throw NetworkConfiguration.Wrong("prevResult.ips", $"a list of at most {PluginMessage.MaxAddresses} addresses");
        }

        foreach (JsonElement entry in list.EnumerateArray())
        {
            if (entry.ValueKind != JsonValueKind.Object || !entry.TryGetProperty("address", out JsonElement text) || !TryParse(NetworkConfiguration.TextOf(text), out IPAddress? address))
            {
                throw NetworkConfiguration.Wrong("prevResult.ips[].address", "an address with the length of its prefix");
            }

            addresses.Add(address!);
        }

        return addresses;
    }

    private static bool TryParse(string? text, out IPAddress? address)
    {
        address = null;
        int slash = text?.IndexOf('/', StringComparison.Ordinal) ?? -1;
        return slash > 0
            && byte.TryParse(text.AsSpan(slash + 1), System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out byte prefix)
            && PodAddresses.TryParse(text![..slash], out address)
            && prefix <= (text.Contains(':', StringComparison.Ordinal) ? 128 : 32);
    }
}

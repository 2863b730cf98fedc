using System.Buffers;
using System.Net;
using System.Text.Json;
using Ambient.Cni.Enrolment.Pods;

namespace Ambient.Cni.Enrolment.Wire;

/// <summary>
/// What the CNI plugin posts (cni-and-redirection.md 2.4): upstream's keys, matched without case, and ours beside them, which upstream's agent
/// ignores. Immutable.
/// </summary>
/// <param name="NetworkPath">Path of the sandbox's namespace on the node.</param>
/// <param name="PodName">Pod name.</param>
/// <param name="PodNamespace">Kubernetes namespace.</param>
/// <param name="Addresses">Addresses that the chain gave.</param>
/// <param name="PodUid"><c>PodUID</c>: the pod's UID; empty when the runtime did not say.</param>
/// <param name="GuardRaised"><c>GuardRaised</c>: the plugin has raised the guard.</param>
/// <param name="Asks"><c>Ask</c>: the plugin does not know whether the pod belongs to the mesh and wants to be told. Upstream's plugin knows.</param>
public sealed record PluginMessage(
    string NetworkPath,
    string PodName,
    string PodNamespace,
    IReadOnlyList<IPAddress> Addresses,
    string PodUid,
    bool GuardRaised,
    bool Asks)
{
    /// <summary>Most addresses of one sandbox.</summary>
    public const int MaxAddresses = 64;

    /// <summary>Longest text of any key.</summary>
    public const int LongestText = 4096;

    /// <summary>The body as the plugin sends it. Without masks and gateways: no receiver reads them.</summary>
    public byte[] ToJson()
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("Netns", NetworkPath);
            writer.WriteString(nameof(PodName), PodName);
            writer.WriteString(nameof(PodNamespace), PodNamespace);
            writer.WriteStartArray("IPs");
            foreach (IPAddress address in Addresses)
            {
                writer.WriteStartObject();
                writer.WriteStartObject("Address");
                writer.WriteString("IP", address.ToString());
                writer.WriteEndObject();
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteString("PodUID", PodUid);
            writer.WriteBoolean(nameof(GuardRaised), GuardRaised);
            writer.WriteBoolean("Ask", Asks);
            writer.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Reads a body; the error names the key.</summary>
    public static bool TryRead(ReadOnlyMemory<byte> body, out PluginMessage? message, out string? error)
    {
        try
        {
            return TryReadDocument(body, out message, out error);
        }
        catch (InvalidOperationException)
        {
            // A text that is no text: broken UTF-8, or half of a surrogate pair.
            (message, error) = (null, "not JSON: a string is not Unicode");
            return false;
        }
    }

    private static bool TryReadDocument(ReadOnlyMemory<byte> body, out PluginMessage? message, out string? error)
    {
        message = null;
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(body, new JsonDocumentOptions { MaxDepth = 8 });
        }
        catch (JsonException e)
        {
            error = "not JSON: " + e.Message;
            return false;
        }

        using (document)
        {
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                error = "not a JSON object";
                return false;
            }

            Dictionary<string, JsonElement> keys = new(StringComparer.OrdinalIgnoreCase);
            foreach (JsonProperty property in document.RootElement.EnumerateObject())
            {
                keys[property.Name] = property.Value;
            }

            List<IPAddress> addresses = [];
            string?[] errors =
            [
                Text(keys, "Netns", out string network),
                Text(keys, "PodName", out string name),
                Text(keys, "PodNamespace", out string ns),
                Text(keys, "PodUID", out string uid),
                ReadAddresses(keys, addresses),
            ];
            error = errors.FirstOrDefault(e => e is not null);
            if (error is not null)
            {
                return false;
            }

            message = new PluginMessage(network, name, ns, addresses, uid, IsTrue(keys, "GuardRaised"), IsTrue(keys, "Ask"));
            return true;
        }
    }

    private static string? Text(Dictionary<string, JsonElement> keys, string key, out string text)
    {
        text = "";
        if (!keys.TryGetValue(key, out JsonElement value) || value.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        if (value.ValueKind != JsonValueKind.String)
        {
            return key + " is not a string";
        }

        text = value.GetString()!;
        return text.Length > LongestText || text.Contains('\0') ? key + " is too long or holds a NUL" : null;
    }

    private static bool IsTrue(Dictionary<string, JsonElement> keys, string key) => keys.TryGetValue(key, out JsonElement value) && value.ValueKind == JsonValueKind.True;

    private static string? ReadAddresses(Dictionary<string, JsonElement> keys, List<IPAddress> addresses)
    {
        if (!keys.TryGetValue("IPs", out JsonElement list) || list.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        if (list.ValueKind != JsonValueKind.Array || list.GetArrayLength() > MaxAddresses)
        {
            return "IPs is not an array of at most 64 addresses";
        }

        foreach (JsonElement entry in list.EnumerateArray())
        {
            if (Property(entry, "Address") is not { } outer || Property(outer, "IP") is not { ValueKind: JsonValueKind.String } ip || !PodAddresses.TryParse(ip.GetString(), out IPAddress? address))
            {
                return "IPs[].Address.IP is not an address";
            }

            addresses.Add(address);
        }

        return null;
    }

    private static JsonElement? Property(JsonElement element, string name)
    {
        if (element.ValueKind == JsonValueKind.Object)
        {
            foreach (JsonProperty property in element.EnumerateObject())
            {
                if (string.Equals(property.Name, name, StringComparison.OrdinalIgnoreCase))
                {
                    return property.Value;
                }
            }
        }

        return null;
    }
}

using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Ambient.ControlPlane.Routing.Inputs;
using Ambient.Routing.Tokens;

namespace Ambient.ControlPlane.Routing.Keys;

/// <summary>
/// Key sets as text that outlives the process. Only public keys are in it: an issuer that publishes a secret by mistake finds no copy of it here. Bounded; pure functions.
/// </summary>
public static class KeySetRecords
{
    /// <summary>The longest text, characters: it has to fit into a ConfigMap.</summary>
    public const int MaxLength = 900_000;

    private const int MaxKeysLength = 64 * 1024;

    // RFC 7517 4, RFC 7518 6.2.1 and 6.3.1: everything else is private, or nobody needs it.
    private static readonly string[] PublicMembers = ["kty", "use", "key_ops", "alg", "kid", "n", "e", "crv", "x", "y", "x5c", "x5t", "x5t#S256"];

    /// <summary>As text: the newest first, as many as have room.</summary>
    public static string Write(IEnumerable<RememberedKeySet> sets)
    {
        var text = new StringBuilder();
        foreach (RememberedKeySet set in sets.OrderByDescending(static set => set.Fetched).ThenBy(static set => set.Source.Issuer, StringComparer.Ordinal))
        {
            if (Public(set.Keys) is { Length: <= MaxKeysLength } keys && Line(set, keys) is var line && text.Length + line.Length < MaxLength)
            {
                text.Append(line).Append('\n');
            }
        }

        return text.ToString();
    }

    /// <summary>Reads what was written; lines that cannot be read, or that hold no usable keys, are left out.</summary>
    public static IReadOnlyList<RememberedKeySet> Read(string? text)
    {
        List<RememberedKeySet> sets = [];
        foreach (string line in (text ?? "").Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (ReadLine(line) is { } set)
            {
                sets.Add(set);
            }
        }

        return sets;
    }

    private static RememberedKeySet? ReadLine(string line)
    {
        try
        {
            using JsonDocument json = JsonDocument.Parse(line);
            JsonElement set = json.RootElement;
            return Text(set, "issuer") is { } issuer && Text(set, "address") is { } address && Text(set, "keys") is { } keys && KeySetCheck.IsUsable(keys, out _)
                && set.TryGetProperty("timeout", out JsonElement timeout) && timeout.TryGetInt64(out long milliseconds) && milliseconds is > 0 and < int.MaxValue
                && DateTimeOffset.TryParse(Text(set, "fetched"), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset fetched)
                ? new RememberedKeySet(new KeySource(issuer, address, TimeSpan.FromMilliseconds(milliseconds)), keys, fetched)
                : null;
        }
        catch (Exception damaged) when (damaged is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private static string? Text(JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static string Line(RememberedKeySet set, string keys) => Write(writer =>
    {
        writer.WriteString("issuer", set.Source.Issuer);
        writer.WriteString("address", set.Source.Address);
        writer.WriteNumber("timeout", (long)set.Source.Timeout.TotalMilliseconds);
        writer.WriteString("fetched", set.Fetched.UtcDateTime.ToString("O", CultureInfo.InvariantCulture));
        writer.WriteString("keys", keys);
    });

    /// <summary>The asymmetric keys of a set without anything private; null when there are none.</summary>
    private static string? Public(string keys)
    {
        try
        {
            using JsonDocument json = JsonDocument.Parse(keys);
            if (json.RootElement.ValueKind != JsonValueKind.Object || !json.RootElement.TryGetProperty("keys", out JsonElement list) || list.ValueKind != JsonValueKind.Array)
            {
                return null;
            }

            JsonElement[] kept = [.. list.EnumerateArray().Where(static key => Text(key, "kty") is "RSA" or "EC" or "OKP")];
            return kept.Length == 0 ? null : Write(writer =>
            {
                writer.WriteStartArray("keys");
                foreach (JsonElement key in kept)
                {
                    writer.WriteStartObject();
                    foreach (JsonProperty member in key.EnumerateObject().Where(static member => Array.IndexOf(PublicMembers, member.Name) >= 0))
                    {
                        member.WriteTo(writer);
                    }

                    writer.WriteEndObject();
                }

                writer.WriteEndArray();
            });
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string Write(Action<Utf8JsonWriter> members)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            members(writer);
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}

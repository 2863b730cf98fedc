using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Json;
using Microsoft.IdentityModel.Tokens;

namespace Ambient.Routing.Tokens;

/// <summary>A token taken apart and not believed yet (RFC 7515). Immutable.</summary>
internal sealed class ParsedToken
{
    private const int MaxDepth = 32;

    private static readonly HashSet<string> Algorithms = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "HS256", "HS384", "HS512"];

    private ParsedToken(string algorithm, string keyId, JsonElement payload, string payloadText, byte[] signed, byte[] signature)
    {
        Algorithm = algorithm;
        KeyId = keyId;
        Payload = payload;
        PayloadText = payloadText;
        Signed = signed;
        Signature = signature;
    }

    public string Algorithm { get; }

    public string KeyId { get; }

    public JsonElement Payload { get; }

    /// <summary>The payload as it came.</summary>
    public string PayloadText { get; }

    public byte[] Signed { get; }

    public byte[] Signature { get; }

    public static bool TryParse(string text, [NotNullWhen(true)] out ParsedToken? token, [NotNullWhen(false)] out string? error)
    {
        token = null;
        string[] parts = text.Split('.');
        if (parts.Length != 3)
        {
            error = "Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections";
            return false;
        }

        if (!TryObject(parts[0], "header", out JsonElement header, out error) || !TryObject(parts[1], "payload", out JsonElement payload, out error))
        {
            return false;
        }

        string algorithm = Text(header, "alg");
        if (!Algorithms.Contains(algorithm) || header.TryGetProperty("crit", out _))
        {
            error = "Jwt header [alg] is not supported";
            return false;
        }

        if (!TryDecode(parts[2], out byte[] signature) || signature.Length == 0)
        {
            error = "Jwt signature is an invalid Base64url encoded";
            return false;
        }

        token = new ParsedToken(algorithm, Text(header, "kid"), payload, parts[1], Encoding.ASCII.GetBytes($"{parts[0]}.{parts[1]}"), signature);
        error = null;
        return true;
    }

    /// <summary>A point in time of the payload, seconds since 1970; null when missing, false when it is no number.</summary>
    public bool TryTime(string name, out double? seconds)
    {
        seconds = null;
        if (!Payload.TryGetProperty(name, out JsonElement value))
        {
            return true;
        }

        if (value.ValueKind != JsonValueKind.Number || !value.TryGetDouble(out double number) || !double.IsFinite(number))
        {
            return false;
        }

        seconds = number;
        return true;
    }

    private static string Text(JsonElement json, string name) => json.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";

    private static bool TryObject(string part, string name, out JsonElement json, [NotNullWhen(false)] out string? error)
    {
        json = default;
        if (!TryDecode(part, out byte[] bytes))
        {
            error = $"Jwt {name} is an invalid Base64url encoded";
            return false;
        }

        try
        {
            CheckTexts(bytes);
            using JsonDocument document = JsonDocument.Parse(bytes, new JsonDocumentOptions { MaxDepth = MaxDepth, AllowDuplicateProperties = false });
            json = document.RootElement.Clone();
        }
        catch (Exception bad) when (bad is JsonException or InvalidOperationException)
        {
            // Told below.
        }

        error = json.ValueKind == JsonValueKind.Object ? null : $"Jwt {name} is an invalid JSON";
        return error is null;
    }

    // The reader takes texts for granted until they are asked for; here nothing may throw later.
    private static void CheckTexts(byte[] bytes)
    {
        if (!System.Text.Unicode.Utf8.IsValid(bytes))
        {
            throw new JsonException("not UTF-8");
        }

        Utf8JsonReader reader = new(bytes, new JsonReaderOptions { MaxDepth = MaxDepth });
        while (reader.Read())
        {
            if (reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName && reader.ValueIsEscaped)
            {
                _ = reader.GetString();
            }
        }
    }

    private static bool TryDecode(string part, out byte[] bytes)
    {
        bytes = [];
        if (part.AsSpan().ContainsAnyExcept(Alphabet))
        {
            return false;
        }

        try
        {
            bytes = Base64UrlEncoder.DecodeBytes(part);
            return true;
        }
        catch (FormatException)
        {
            return false;
        }
    }

    private static readonly System.Buffers.SearchValues<char> Alphabet =
        System.Buffers.SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");
}

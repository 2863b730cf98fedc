using System.Buffers.Text;
using System.Text.Json;

namespace Ambient.ControlPlane.Tokens;

/// <summary>How long a token that was found good says that it lives. Pure; what it says is believed of such alone.</summary>
internal static class TokenLife
{
    /// <summary>The end by its claim <c>exp</c>; null when it says none that can be read.</summary>
    internal static DateTimeOffset? EndOf(string token)
    {
        if (token.Split('.') is not [_, var claims, _])
        {
            return null;
        }

        try
        {
            using JsonDocument json = JsonDocument.Parse(Base64Url.DecodeFromChars(claims));
            return json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty("exp", out JsonElement end) && end.ValueKind == JsonValueKind.Number && end.TryGetDouble(out double seconds)
                && seconds is > 0 and < 253_402_300_799
                ? DateTimeOffset.UnixEpoch.AddSeconds(seconds)
                : null;
        }
        catch (Exception unreadable) when (unreadable is JsonException or FormatException)
        {
            return null;
        }
    }
}

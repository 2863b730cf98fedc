using System.Diagnostics.CodeAnalysis;

namespace Ambient.Routing.Tokens;

/// <summary>Whether a text is a key set that tokens can be verified with. Pure.</summary>
public static class KeySetCheck
{
    /// <summary>False with the reason: no JSON, no keys, or none of a kind that can be used.</summary>
    public static bool IsUsable(string json, [NotNullWhen(false)] out string? problem)
    {
        _ = SigningKeys.Read(json, out problem);
        return problem is null;
    }
}

using System.Text.Json;

namespace Ambient.Routing.Tokens;

/// <summary>The claims of a token whose signature was verified. Immutable.</summary>
public sealed class TokenClaims
{
    private readonly JsonElement _root;
    private readonly HashSet<string> _spaced;

    internal TokenClaims(JsonElement root, IEnumerable<string> spaceDelimited)
    {
        _root = root;
        _spaced = ["scope", "permission", .. spaceDelimited];
        Issuer = Text("iss");
        Subject = Text("sub");
    }

    /// <summary><c>iss</c>; empty when missing.</summary>
    public string Issuer { get; }

    /// <summary><c>sub</c>; empty when missing.</summary>
    public string Subject { get; }

    /// <summary>The texts at a path: a text, each text of a list, the words of a space-delimited claim. Numbers and truth values are none.</summary>
    public IEnumerable<string> Values(IReadOnlyList<string> path)
    {
        if (!TryGet(path, out JsonElement found))
        {
            yield break;
        }

        if (found.ValueKind == JsonValueKind.String)
        {
            string text = found.GetString()!;
            if (path.Count == 1 && _spaced.Contains(path[0]))
            {
                foreach (string word in text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
                {
                    yield return word;
                }
            }
            else
            {
                yield return text;
            }
        }
        else if (found.ValueKind == JsonValueKind.Array)
        {
            foreach (JsonElement item in found.EnumerateArray())
            {
                if (item.ValueKind == JsonValueKind.String)
                {
                    yield return item.GetString()!;
                }
            }
        }
    }

    /// <summary>Whether issuer and subject are stated.</summary>
    public bool HasPrincipal => Issuer.Length > 0 && Subject.Length > 0;

    /// <summary>The value at a path as JSON; false when there is none.</summary>
    public bool TryGet(IReadOnlyList<string> path, out JsonElement found)
    {
        found = _root;
        foreach (string name in path)
        {
            if (found.ValueKind != JsonValueKind.Object || !found.TryGetProperty(name, out found))
            {
                return false;
            }
        }

        return path.Count > 0;
    }

    private string Text(string name) => _root.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";
}

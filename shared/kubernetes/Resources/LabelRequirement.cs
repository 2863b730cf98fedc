using System.Text.Json.Serialization;
using Ambient.Kubernetes.Resources.Json;

namespace Ambient.Kubernetes.Resources;

/// <summary>One expression over a label. Immutable.</summary>
public sealed record LabelRequirement
{
    /// <summary><c>key</c>.</summary>
    public string Key { get; init => field = value ?? ""; } = "";

    /// <summary><c>operator</c>: In, NotIn, Exists or DoesNotExist.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string Operator { get; init => field = value ?? ""; } = "";

    /// <summary><c>values</c>.</summary>
    public IReadOnlyList<string> Values { get; init => field = value ?? []; } = [];

    /// <summary>Whether labels fulfil it; one without the key fulfils NotIn.</summary>
    public bool Matches(StringMap labels)
    {
        ArgumentNullException.ThrowIfNull(labels);
        string? value = labels.Find(Key);
        return Operator switch
        {
            "In" => value is not null && Values.Contains(value),
            "NotIn" => value is null || !Values.Contains(value),
            "Exists" => value is not null,
            "DoesNotExist" => value is null,
            _ => false,
        };
    }

    internal static LabelRequirement? Parse(string text)
    {
        int open = text.IndexOf('(');
        if (open >= 0)
        {
            string[] head = text[..open].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            return head is [var key, "in" or "notin"] && text.EndsWith(')')
                ? Of(key, head[1] == "in" ? "In" : "NotIn", text[(open + 1)..^1].Split(',', StringSplitOptions.TrimEntries))
                : null;
        }

        int equal = text.IndexOf('=');
        if (equal > 0)
        {
            bool isNot = text[equal - 1] == '!';
            return Of(text[..(isNot ? equal - 1 : equal)].Trim(), isNot ? "NotIn" : "In", [text[(equal + 1)..].TrimStart('=').Trim()]);
        }

        return text[0] == '!' ? Of(text[1..].Trim(), "DoesNotExist", []) : Of(text, "Exists", []);
    }

    private static LabelRequirement? Of(string key, string operation, string[] values) =>
        key.Length == 0 || key.Contains(' ') ? null : new LabelRequirement { Key = key, Operator = operation, Values = values };
}

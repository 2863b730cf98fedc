using System.Diagnostics.CodeAnalysis;

namespace Ambient.Kubernetes.Resources;

/// <summary>Chooses objects by their labels; an empty one chooses all. Immutable.</summary>
public sealed record LabelSelector
{
    /// <summary><c>matchLabels</c>: all must hold.</summary>
    public StringMap MatchLabels { get; init => field = value ?? StringMap.Empty; } = StringMap.Empty;

    /// <summary><c>matchExpressions</c>: all must hold.</summary>
    public IReadOnlyList<LabelRequirement> MatchExpressions { get; init => field = value ?? []; } = [];

    /// <summary>Whether an object with these labels is chosen. An operator that is not known chooses nothing.</summary>
    public bool Matches(StringMap labels)
    {
        ArgumentNullException.ThrowIfNull(labels);
        foreach ((string key, string value) in MatchLabels)
        {
            if (labels.Find(key) != value)
            {
                return false;
            }
        }

        return MatchExpressions.All(e => e.Matches(labels));
    }

    /// <summary>Reads the one-line form: <c>a=b,c!=d,e in (f,g),h notin (i),j,!k</c>.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out LabelSelector? selector, [NotNullWhen(false)] out string? error)
    {
        ArgumentNullException.ThrowIfNull(text);
        List<LabelRequirement> requirements = [];
        selector = null;
        foreach (string part in SplitOutsideParentheses(text))
        {
            if (LabelRequirement.Parse(part) is not { } requirement)
            {
                error = $"label selector '{part}' is not understood";
                return false;
            }

            requirements.Add(requirement);
        }

        error = null;
        selector = new LabelSelector { MatchExpressions = requirements };
        return true;
    }

    private static IEnumerable<string> SplitOutsideParentheses(string text)
    {
        int start = 0, depth = 0;
        for (int at = 0; at <= text.Length; at++)
        {
            depth += at == text.Length ? 0 : text[at] switch { '(' => 1, ')' => -1, _ => 0 };
            if (at == text.Length || (text[at] == ',' && depth == 0))
            {
                string part = text[start..at].Trim();
                start = at + 1;
                if (part.Length > 0)
                {
                    yield return part;
                }
            }
        }
    }
}

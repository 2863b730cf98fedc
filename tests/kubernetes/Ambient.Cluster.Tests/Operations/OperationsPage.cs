using System.Text.RegularExpressions;

namespace Ambient.Cluster.Tests.Operations;

/// <summary>The commands of docs/operations.md: blocks of its sections, and those that the table of faults names. Immutable.</summary>
internal sealed partial class OperationsPage
{
    private static readonly string[] Programs = ["ambientctl ", "kubectl ", "curl "];
    private readonly string[] _lines;

    public OperationsPage(string text) => _lines = text.Split('\n');

    /// <summary>The shell blocks of a section, in order, without their indentation.</summary>
    public IReadOnlyList<string> Blocks(string section)
    {
        var blocks = new List<string>();
        List<string>? open = null;
        int indent = 0;
        foreach (string line in Section(section))
        {
            string trimmed = line.TrimStart();
            if (open is null && trimmed == "```bash")
            {
                (open, indent) = ([], line.Length - trimmed.Length);
            }
            else if (open is not null && trimmed == "```")
            {
                blocks.Add(string.Join('\n', open));
                open = null;
            }
            else
            {
                open?.Add(line.Length >= indent ? line[indent..] : trimmed);
            }
        }

        return blocks;
    }

    /// <summary>The commands of each row of a section's table, in the order in which they stand there.</summary>
    public IReadOnlyList<IReadOnlyList<string>> Rows(string section) =>
    [
        .. Section(section).Where(l => l.StartsWith("| ", StringComparison.Ordinal))
            .Select(l => (IReadOnlyList<string>)[.. InlineCode().Matches(l).Select(m => m.Groups["code"].Value).Where(c => Programs.Any(p => c.StartsWith(p, StringComparison.Ordinal)))])
            .Where(r => r.Count > 0),
    ];

    private IEnumerable<string> Section(string title)
    {
        int start = Array.IndexOf(_lines, "## " + title);
        Assert.True(start >= 0, $"docs/operations.md has no section {title}");
        return _lines.Skip(start + 1).TakeWhile(l => !l.StartsWith("## ", StringComparison.Ordinal));
    }

    [GeneratedRegex("`(?<code>[^`]+)`", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex InlineCode();
}

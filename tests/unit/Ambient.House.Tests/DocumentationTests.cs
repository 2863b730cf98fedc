using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Ambient.House.Tests;

/// <summary>What the pages say about the repository is so.</summary>
public sealed partial class DocumentationTests
{
    private static readonly string[] NamePrefixes = ["Ambient.ControlPlane.", "Ambient.Cni.", "Ambient."];

    [Fact]
    public void Links_LeadSomewhere() => Assert.Empty(
        from page in Repository.Files(".md")
        from Match link in Link().Matches(Repository.Text(page))
        let target = Path.Combine(Repository.Root, Path.GetDirectoryName(page)!, link.Groups[1].Value)
        where !File.Exists(target) && !Directory.Exists(target)
        select $"{page}: {link.Groups[1].Value}");

    [Fact]
    public void ArchitecturePage_HasEveryProject_WithWhatItMayReference()
    {
        string[] page = Repository.Lines("docs/architecture.md");
        List<string> wrong = [];
        foreach (string file in Repository.Files(".csproj").Where(f => !f.StartsWith("tests/", StringComparison.Ordinal)))
        {
            string folder = Path.GetDirectoryName(file)!;
            string[]? cells = page.FirstOrDefault(line => line.StartsWith($"| `{folder}` →", StringComparison.Ordinal))?.Split('|', StringSplitOptions.TrimEntries);
            string may = XDocument.Parse(Repository.Text(file)).Descendants("MayReference").Single().Value;
            string[] expected = [.. may.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(ShortName).Order(StringComparer.Ordinal)];
            string[]? said = cells?[3].Split(',', StringSplitOptions.TrimEntries).Where(name => name != "–").Order(StringComparer.Ordinal).ToArray();
            if (said is null || !said.SequenceEqual(expected))
            {
                wrong.Add($"{folder} may reference {string.Join(", ", expected)}; the page says {(said is null ? "nothing" : string.Join(", ", said))}");
            }
        }

        Assert.Empty(wrong);
    }

    [Theory]
    [InlineData("docs/security.md")]
    [InlineData("docs/gateway-api.md")]
    public void Pages_NameTestsThatExist(string file)
    {
        string page = Repository.Text(file);
        Dictionary<string, string> tests = Repository.Files(".cs", "tests").GroupBy(Path.GetFileNameWithoutExtension).ToDictionary(f => f.Key!, f => string.Concat(f.Select(Repository.Text)));
        string checks = Repository.Text("cli/Demo/DemoScript.cs");
        Assert.Empty(
            from Match name in TestName().Matches(page)
            where !tests.TryGetValue(name.Groups[1].Value, out string? text) || !text.Contains(name.Groups[2].Value, StringComparison.Ordinal)
            select name.Value);
        Assert.Empty(from Match check in DemoCheck().Matches(page) where !checks.Contains($"\"{check.Groups[1].Value}\"", StringComparison.Ordinal) select check.Value);
    }

    private static string ShortName(string project) => project[NamePrefixes.First(prefix => project.StartsWith(prefix, StringComparison.Ordinal)).Length..];

    [GeneratedRegex(@"\]\(([\w./-]+)(?:#[^)]*)?\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"`(\w+Tests)(?:\.(\w+))?`")]
    private static partial Regex TestName();

    [GeneratedRegex("demo, \"([^\"]+)\"")]
    private static partial Regex DemoCheck();
}

using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Ambient.House.Tests;

/// <summary>Rules of the house that no analyzer knows (docs/architecture.md). Each message names the file.</summary>
public sealed partial class HouseRuleTests
{
    private const int LongestFile = 500;

    // Files that were too long when the rule came, with the length they may not pass. Only ever to be shortened.
    private static readonly Dictionary<string, int> Overlong = new(StringComparer.Ordinal);

    private static readonly string[] Programs = ["Ambient.Ztunnel", "Ambient.Waypoint", "Ambient.Cli", "Ambient.Cni.Plugin", "Ambient.Cni.Agent", "Ambient.ControlPlane"];

    [Fact]
    public void Files_AreShort()
    {
        List<string> tooLong = [];
        foreach (string file in Repository.Files(".cs"))
        {
            int lines = Repository.Lines(file).Length;
            if (lines > Overlong.GetValueOrDefault(file, LongestFile))
            {
                tooLong.Add($"{file}: {lines} lines");
            }
        }

        Assert.Empty(tooLong);
    }

    [Fact]
    public void Overlong_Exceptions_AreStillNeeded() =>
        Assert.Empty(Overlong.Keys.Where(f => !File.Exists(Path.Combine(Repository.Root, f)) || Repository.Lines(f).Length <= LongestFile));

    [Fact]
    public void Names_SayWhatAThingIs()
    {
        List<string> wrong = [];
        foreach (string file in Repository.Files(".cs").Concat(Repository.Files(".csproj")))
        {
            wrong.AddRange(file.Split('/', '.').Where(p => EmptyWord().IsMatch(p)).Select(p => $"{file}: {p}"));
            if (file.EndsWith(".cs", StringComparison.Ordinal))
            {
                wrong.AddRange(Declaration().Matches(Repository.Text(file)).Select(m => m.Groups[1].Value).Where(n => EmptyWord().IsMatch(n)).Select(n => $"{file}: {n}"));
            }
        }

        Assert.Empty(wrong);
    }

    [Fact]
    public void Projects_ReferenceWhatTheyMay_AndNoProgram()
    {
        List<string> wrong = [];
        foreach (string file in Repository.Files(".csproj"))
        {
            XDocument project = XDocument.Parse(Repository.Text(file));
            string name = Path.GetFileNameWithoutExtension(file);
            string? may = project.Descendants("MayReference").SingleOrDefault()?.Value;
            if (may is null)
            {
                wrong.Add($"{file}: no MayReference");
                continue;
            }

            string[] allowed = may.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
            bool isTest = file.StartsWith("tests/", StringComparison.Ordinal);
            foreach (string reference in project.Descendants("ProjectReference").Select(r => Path.GetFileNameWithoutExtension(r.Attribute("Include")!.Value)))
            {
                if (!isTest && !allowed.Contains(reference))
                {
                    wrong.Add($"{file}: references {reference}");
                }

                if (!isTest && Programs.Contains(reference))
                {
                    wrong.Add($"{file}: programs never reference programs ({reference})");
                }
            }

            if (name == "Ambient.Mesh" && allowed.Length > 0)
            {
                wrong.Add($"{file}: the mesh model knows nobody");
            }
        }

        Assert.Empty(wrong);
    }

    [Fact]
    public void EveryProject_IsInTheSolution()
    {
        string solution = Repository.Text("Ambient.sln").Replace('\\', '/');
        Assert.Empty(Repository.Files(".csproj").Where(f => !solution.Contains($"\"{f}\"", StringComparison.Ordinal)));
    }

    [Fact]
    public void NativeCalls_LiveInLinuxAndTls()
    {
        string[] homes = ["shared/linux/", "shared/tls/", "tests/"];
        Assert.Empty(Repository.Files(".cs")
            .Where(f => !homes.Any(h => f.StartsWith(h, StringComparison.Ordinal)))
            .Where(f => NativeCall().IsMatch(Repository.Text(f))));
    }

    [Fact]
    public void Skips_HaveReasons() => Assert.Empty(
        from file in Repository.Files(".cs", "tests")
        from line in Repository.Lines(file)
        where BareSkip().IsMatch(line)
        select $"{file}: {line.Trim()}");

    [Fact]
    public void Tests_DoNotSleep() => Assert.Empty(
        from file in Repository.Files(".cs", "tests")
        where file != "tests/unit/Ambient.House.Tests/HouseRuleTests.cs"
        from line in Repository.Lines(file)
        where Sleep().IsMatch(line)
        select $"{file}: {line.Trim()}");

    [Fact]
    public void ToDos_NameAnIssue() => Assert.Empty(
        from file in Repository.Files(".cs")
        where file != "tests/unit/Ambient.House.Tests/HouseRuleTests.cs"
        from line in Repository.Lines(file)
        where ToDo().IsMatch(line)
        select $"{file}: {line.Trim()}");

    [GeneratedRegex("^(Common|Core|Utils?|Helpers?|Base|Misc)$|(Manager|Helpers?|Utils?)$")]
    private static partial Regex EmptyWord();

    [GeneratedRegex(@"(?m)^\s*(?:\[[^\]]*\]\s*)*(?:(?:public|internal|private|protected|file|sealed|static|abstract|partial|readonly|ref|unsafe)\s+)+(?:class|struct|record(?:\s+(?:class|struct))?|interface|enum)\s+(\w+)")]
    private static partial Regex Declaration();

    [GeneratedRegex(@"\[(LibraryImport|DllImport)\b")]
    private static partial Regex NativeCall();

    [GeneratedRegex("\\bSkip\\s*=\\s*(\"\"|null\\b|\"\\s*\"|string\\.Empty)")]
    private static partial Regex BareSkip();

    [GeneratedRegex(@"Thread\.Sleep\(")]
    private static partial Regex Sleep();

    [GeneratedRegex(@"//.*\b(TODO(?!\(#)|FIXME|HACK|XXX)\b")]
    private static partial Regex ToDo();
}

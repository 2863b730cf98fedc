using System.Text.RegularExpressions;

namespace Ambient.House.Tests.Conformance;

/// <summary>Finds which test methods carry which behaviour numbers, by reading the sources: no test assembly has to be built for it.</summary>
internal static partial class TestTraits
{
    /// <summary>Tests by number of a reference's behaviour, sorted.</summary>
    public static SortedDictionary<int, SortedSet<TestReference>> Scan(string prefix, IEnumerable<(string File, IEnumerable<string> Lines)> sources)
    {
        SortedDictionary<int, SortedSet<TestReference>> found = [];
        foreach ((string file, IEnumerable<string> lines) in sources)
        {
            ScanFile(prefix, file, lines, found);
        }

        return found;
    }

    private static void ScanFile(string prefix, string file, IEnumerable<string> lines, SortedDictionary<int, SortedSet<TestReference>> found)
    {
        List<int> pending = [];
        string type = Path.GetFileNameWithoutExtension(file);
        foreach (string line in lines)
        {
            pending.AddRange(Trait().Matches(line).Where(m => m.Groups[1].Value == prefix).Select(m => int.Parse(m.Groups[2].ValueSpan, provider: null)));
            if (TypeName().Match(line) is { Success: true } typeName)
            {
                type = typeName.Groups[1].Value;
                Flush(pending, new TestReference(type, "all tests", file), found);
            }
            else if (pending.Count > 0 && Method().Match(line) is { Success: true } method)
            {
                Flush(pending, new TestReference(type, method.Groups[1].Value, file), found);
            }
        }
    }

    private static void Flush(List<int> pending, TestReference test, SortedDictionary<int, SortedSet<TestReference>> found)
    {
        foreach (int number in pending)
        {
            if (!found.TryGetValue(number, out SortedSet<TestReference>? tests))
            {
                found.Add(number, tests = []);
            }

            tests.Add(test);
        }

        pending.Clear();
    }

    [GeneratedRegex("Trait\\(\\s*\"behaviour\"\\s*,\\s*\"([A-Z]+)-(\\d+)\"")]
    private static partial Regex Trait();

    [GeneratedRegex(@"^\s*(?:public|internal)\s.*\bclass\s+(\w+)")]
    private static partial Regex TypeName();

    [GeneratedRegex(@"^\s*public\s+(?:static\s+|async\s+|unsafe\s+|override\s+)*[\w<>\[\],.?]+\s+(\w+)\s*\(")]
    private static partial Regex Method();
}

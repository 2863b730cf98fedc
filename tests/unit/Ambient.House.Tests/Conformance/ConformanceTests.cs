namespace Ambient.House.Tests.Conformance;

public sealed class ConformanceTests
{
    private const string Page = "docs/conformance.md";
    private static SortedDictionary<int, SortedSet<TestReference>> TestsOf(Reference reference) => TestTraits.Scan(reference.Prefix, Repository.Files(".cs", "tests")
        .Where(f => !f.StartsWith("tests/unit/Ambient.House.Tests/", StringComparison.Ordinal))
        .Select(f => (f, (IEnumerable<string>)Repository.Lines(f))));

    [Fact]
    public void Behaviours_AreNumberedWithoutGap() => Assert.All(Reference.All, r => Assert.Equal(Enumerable.Range(1, r.Count), r.Behaviours.Select(b => b.Number)));

    [Fact]
    public void Traits_NameOnlyKnownBehaviours() => Assert.All(Reference.All, r => Assert.Empty(TestsOf(r).Keys.Except(r.Behaviours.Select(b => b.Number))));

    [Fact]
    public void Page_IsUpToDate()
    {
        string expected = ConformanceReport.Write([.. Reference.All.Select(r => (r, TestsOf(r)))]);
        string path = Path.Combine(Repository.Root, Page);
        if (Environment.GetEnvironmentVariable("AMBIENT_GOLDEN") == "update")
        {
            File.WriteAllText(path, expected);
        }

        Assert.True(File.Exists(path) && File.ReadAllText(path) == expected, $"{Page} is stale: run eng/conformance.sh and commit the result");
    }

    [Fact]
    public void Scan_FindsMethodsClassesAndSeveralNumbers()
    {
        string[] source =
        [
            "[Trait(\"behaviour\", \"ZT-7\"), Trait(\"behaviour\", \"XX-8\")]",
            "public sealed class SomeTests",
            "{",
            "    [Theory]",
            "    [InlineData(1)]",
            "    [Trait(\"behaviour\", \"ZT-1\"), Trait(\"behaviour\", \"ZT-2\")]",
            "    [Trait( \"behaviour\" , \"ZT-3\")]",
            "    public async Task<int> A_B_C(int x)",
            "    public void Other() { }",
            "}",
        ];
        SortedDictionary<int, SortedSet<TestReference>> found = TestTraits.Scan("ZT", [("tests/SomeTests.cs", source)]);
        Assert.Equal([1, 2, 3, 7], found.Keys);
        Assert.Equal("tests/SomeTests.cs SomeTests.A_B_C", Assert.Single(found[2]).ToString());
        Assert.Equal("all tests", Assert.Single(found[7]).Method);
    }
}

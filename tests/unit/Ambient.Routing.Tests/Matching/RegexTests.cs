using System.Diagnostics;
using Ambient.Routing.Matching;

namespace Ambient.Routing.Tests.Matching;

public sealed class RegexTests
{
    [Theory]
    [InlineData(@"\/(.?)\/status", "/a/status", true)]
    [InlineData(@"\/(.?)\/status", "/ab/status", false)]
    [InlineData(@"\/(.?)\/status", "/a/status/x", false)]
    [InlineData("a|b", "ab", false)]
    [InlineData("a|b", "b", true)]
    [InlineData(@"\d+", "123", true)]
    [InlineData(@"\d+", "١٢", false)]
    [InlineData(@"\w+", "é", false)]
    [InlineData(@"[\w-]+", "a-b_1", true)]
    [InlineData(@"[^\d]+", "abc", true)]
    [InlineData(@"(?P<x>ab)c", "abc", true)]
    [InlineData(@"(?i)abc", "ABC", true)]
    [InlineData(@"(?i:a)b", "Ab", true)]
    [InlineData("[[:alpha:]]+", "abZ", true)]
    [InlineData("[[:alpha:]]+", "ab1", false)]
    [InlineData("[a[]+", "a[", true)]
    [InlineData(@"\Qa.b\E+", "a.bb", true)]
    [InlineData(@"\x41\x{42}", "AB", true)]
    [InlineData("^a$", "a", true)]
    [InlineData("a", "a\n", false)]
    [InlineData("a$", "a\n", false)]
    [InlineData(@"(\W|^)(sub-1|sub-2)(\W|$)", "sub-2", true)]
    [Trait("behaviour", "WP-70")]
    public void Pattern_MatchesTheWholeText(string pattern, string text, bool expected)
    {
        Assert.True(LinearRegex.TryCompile(pattern, whole: true, out LinearRegex? regex, out string? error), error);
        Assert.Equal(expected, regex.IsMatch(text));
    }

    [Theory]
    [InlineData("")]
    [InlineData("(?=a)")]
    [InlineData("(?<!a)")]
    [InlineData(@"(a)\1")]
    [InlineData("(")]
    [InlineData("[a")]
    [InlineData("a**")]
    [InlineData(@"\")]
    [InlineData("[[:nothing:]]")]
    [InlineData("((a{100}){100}){100}")]
    [InlineData("a{1001}")]
    public void Pattern_ThatRe2WouldRefuse_IsRefused(string pattern)
    {
        Assert.False(LinearRegex.TryCompile(pattern, whole: true, out _, out string? error));
        Assert.NotEmpty(error);
    }

    [Fact]
    public void TooLongPattern_IsRefused() => Assert.False(LinearRegex.TryCompile(new string('a', 1025), whole: true, out _, out _));

    [Theory]
    [InlineData("(a+)+b")]
    [InlineData("(a|aa)+b")]
    [InlineData("(.*)*b")]
    public void Text_ThatMakesOthersBacktrack_TakesLinearTime(string pattern)
    {
        Assert.True(LinearRegex.TryCompile(pattern, whole: true, out LinearRegex? regex, out _));
        long started = Stopwatch.GetTimestamp();
        Assert.False(regex.IsMatch(new string('a', 50_000)));

        // Exponential matching would not end at all.
        Assert.True(Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(20));
    }

    [Theory]
    [InlineData("^/service/([^/]+)(/.*)$", @"\2/instance/\1", "/service/foo/v1/api", "/v1/api/instance/foo")]
    [InlineData("/.*", "/replace-full", "/any/path", "/replace-full")]
    [InlineData("a", "b", "/aXa", "/bXb")]
    [Trait("behaviour", "WP-51")]
    [Trait("behaviour", "WP-52")]
    public void Substitution_ReplacesAllMatches(string pattern, string substitution, string path, string expected)
    {
        Assert.True(LinearRegex.TryCompile(pattern, whole: false, out LinearRegex? regex, out string? error), error);
        Assert.Equal(expected, regex.ReplaceAll(path, substitution));
    }

    [Fact]
    public void RandomPatterns_NeverThrow()
    {
        int seed = Environment.TickCount;
        Random random = new(seed);
        const string Alphabet = @"ab\/[](){}?*+|^$.:-,=!<>PQEdwsxz19";
        for (int i = 0; i < 3000; i++)
        {
            string pattern = new([.. Enumerable.Range(0, random.Next(1, 14)).Select(_ => Alphabet[random.Next(Alphabet.Length)])]);
            if (LinearRegex.TryCompile(pattern, whole: true, out LinearRegex? regex, out string? error))
            {
                _ = regex.IsMatch("ab/x");

                // The literal prefix must be one of every text that matches.
                string text = new([.. Enumerable.Range(0, random.Next(0, 6)).Select(_ => "ab/x1"[random.Next(5)])]);
                Assert.True(!regex.IsMatch(text) || text.StartsWith(regex.LiteralPrefix(), StringComparison.Ordinal), $"seed {seed}: '{pattern}' matches '{text}' but has the prefix '{regex.LiteralPrefix()}'");
            }
            else
            {
                Assert.NotEmpty(error);
            }
        }
    }
}

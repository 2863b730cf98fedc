using Ambient.Protocol.L7;
using Ambient.Routing.Messages;

namespace Ambient.Routing.Tests.Messages;

public sealed class PathNormalizerTests
{
    [Theory]
    [InlineData("/app/../admin", "/app/../admin", "/admin", "/admin", "/admin")]
    [InlineData("/app//", "/app//", "/app//", "/app/", "/app/")]
    [InlineData("/app/%2f", "/app/%2f", "/app/%2f", "/app/%2f", "/app/")]
    [InlineData("/app%2f/", "/app%2f/", "/app%2f/", "/app%2f/", "/app/")]
    [InlineData("/app/%2E./admin", "/app/%2E./admin", "/admin", "/admin", "/admin")]
    [InlineData("/app//../admin", "/app//../admin", "/app/admin", "/app/admin", "/app/admin")]
    [InlineData("/app//../../admin", "/app//../../admin", "/admin", "/admin", "/admin")]
    [InlineData("/%2Fapp%5cadmin%5Cabc", "/%2Fapp%5cadmin%5Cabc", "/%2Fapp%5cadmin%5Cabc", "/%2Fapp%5cadmin%5Cabc", "/app/admin/abc")]
    [InlineData(@"/app/\/\/\admin", @"/app/\/\/\admin", "/app//////admin", "/app/admin", "/app/admin")]
    [InlineData("/app#foo", "/app", "/app", "/app", "/app")]
    [Trait("behaviour", "WP-232")]
    [Trait("behaviour", "WP-233")]
    [Trait("behaviour", "WP-234")]
    [Trait("behaviour", "WP-235")]
    [Trait("behaviour", "WP-236")]
    [Trait("behaviour", "WP-237")]
    [Trait("behaviour", "WP-238")]
    [Trait("behaviour", "WP-239")]
    [Trait("behaviour", "WP-240")]
    [Trait("behaviour", "WP-241")]
    public void Path_IsNormalised(string path, string none, string basic, string merged, string decoded)
    {
        Assert.Equal((none, basic, merged, decoded), (Of(path, PathNormalization.None), Of(path, PathNormalization.Base), Of(path, PathNormalization.MergeSlashes), Of(path, PathNormalization.DecodeAndMergeSlashes)));
    }

    [Theory]
    [InlineData("/..;/admin")]
    [InlineData("/;/admin")]
    [InlineData("/admin;a=b")]
    [InlineData("/.../admin")]
    [InlineData("/%252e%252e/admin")]
    [InlineData("/%c0%ae%c0%ae/admin")]
    [InlineData("/Admin")]
    [Trait("behaviour", "WP-242")]
    public void Decoding_LeavesAlone(string path) => Assert.Equal(path, Of(path, PathNormalization.DecodeAndMergeSlashes));

    [Theory]
    [InlineData("/%30%2d%2e%5f%7e%61%5A", "/0-._~aZ")]
    [InlineData("/%20%3f%26%2B", "/%20%3f%26%2B")]
    [InlineData("/%", "/%")]
    [InlineData("/%4", "/%4")]
    [InlineData("/%zz", "/%zz")]
    [InlineData("/public/%2E%2E/private", "/private")]
    [InlineData("/public/./../private", "/private")]
    [InlineData("/a/..", "/")]
    [InlineData("/a/.", "/a/")]
    [InlineData("/a?b=/../c", "/a?b=/../c")]
    [Trait("behaviour", "WP-243")]
    [Trait("behaviour", "WP-166")]
    public void Base_DecodesOnlyWhatNeedsNoEscape(string path, string expected) => Assert.Equal(expected, Of(path, PathNormalization.Base));

    [Theory]
    [InlineData("/a%00b")]
    [InlineData("a")]
    [InlineData("")]
    [InlineData("#a")]
    public void Path_WithoutASafeReading_IsRefused(string path) => Assert.False(PathNormalizer.TryNormalize(path, PathNormalization.Base, out _));

    [Fact]
    public void Normalising_Twice_ChangesNothing()
    {
        int seed = Environment.TickCount;
        Random random = new(seed);
        foreach (PathNormalization mode in Enum.GetValues<PathNormalization>())
        {
            for (int i = 0; i < 5000; i++)
            {
                string path = "/" + new string([.. Enumerable.Range(0, random.Next(12)).Select(_ => @"/.\%2eEfF5cCa?#"[random.Next(15)])]);
                if (PathNormalizer.TryNormalize(path, mode, out string? once) && mode is PathNormalization.None or PathNormalization.MergeSlashes or PathNormalization.Base && once is not null)
                {
                    // Decoding may show another escape; dots and slashes must be gone for good.
                    string clean = once.Split('?')[0];
                    Assert.True(mode == PathNormalization.None || (!clean.Contains("/../", StringComparison.Ordinal) && !clean.EndsWith("/..", StringComparison.Ordinal) && !clean.Contains('\\', StringComparison.Ordinal)), $"seed {seed}: {path} became {once}");
                }
            }
        }
    }

    private static string Of(string path, PathNormalization mode)
    {
        Assert.True(PathNormalizer.TryNormalize(path, mode, out string? normalized));
        return normalized;
    }
}

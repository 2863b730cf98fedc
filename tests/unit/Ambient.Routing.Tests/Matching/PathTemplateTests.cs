using Ambient.Routing.Matching;

namespace Ambient.Routing.Tests.Matching;

public sealed class PathTemplateTests
{
    [Theory]
    [InlineData("/allow/admin/{**}", "/allow/admin/", true)]
    [InlineData("/allow/admin/{**}", "/allow/admin", false)]
    [InlineData("/allow/admin/{**}", "/allow/admin/temp", true)]
    [InlineData("/allow/admin/{**}", "/allow/admin/foo/temp.txt", true)]
    [InlineData("/allow/admin/{**}", "/allow/user/", false)]
    [InlineData("/foo/{*}/bar/{**}", "/foo/buzz/bar/bat.txt", true)]
    [InlineData("/foo/{*}/bar/{**}", "/foo/buzz/bar/bat/fuzz.txt", true)]
    [InlineData("/foo/{*}/bar/{**}", "/foo/bar/bat.txt", false)]
    [InlineData("/store/{**}/cart", "/store//cart", true)]
    [InlineData("/store/{**}/cart", "/store/foo/bar/cart", true)]
    [InlineData("/store/{**}/cart", "/store/cart", false)]
    [InlineData("/a/{*}", "/a/", false)]
    [InlineData("/a/{*}", "/a/b/c", false)]
    [Trait("behaviour", "WP-152")]
    [Trait("behaviour", "WP-153")]
    [Trait("behaviour", "WP-154")]
    public void Template_MatchesSegments(string template, string path, bool expected)
    {
        Assert.True(PathTemplate.TryCompile(template, out PathTemplate? compiled, out string? error), error);
        Assert.Equal(expected, compiled.IsMatch(path));
    }

    [Theory]
    [InlineData("/foo{*}")]
    [InlineData("/{*}x")]
    [InlineData("/{*}{**}")]
    [InlineData("/{**}/x/{*}")]
    [InlineData("/{**}/x/{**}")]
    [InlineData("/a*/{*}")]
    [InlineData("a/{*}")]
    public void Template_WithMisplacedOperators_IsRefused(string template) => Assert.False(PathTemplate.TryCompile(template, out _, out _));
}

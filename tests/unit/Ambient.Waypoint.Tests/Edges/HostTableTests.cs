using Ambient.Waypoint.Edges;

namespace Ambient.Waypoint.Tests.Edges;

/// <summary>The most specific host name counts.</summary>
public sealed class HostTableTests
{
    private static readonly HostTable<string> Table = new([("a.example.com", "exact"), ("*.example.com", "wide"), ("*.b.example.com", "narrow"), ("*", "any"), ("A.EXAMPLE.com", "late")]);

    [Theory]
    [Trait("behaviour", "WP-250")]
    [InlineData("a.example.com", "exact")]
    [InlineData("A.Example.Com", "exact")]
    [InlineData("a.example.com.", "exact")]
    [InlineData("b.example.com", "wide")]
    [InlineData("x.y.example.com", "wide")]
    [InlineData("x.b.example.com", "narrow")]
    [InlineData("example.com", "any")]
    [InlineData(".example.com", "any")]
    [InlineData("", "any")]
    public void TheMostSpecificNameIsFound(string host, string found) => Assert.Equal(found, Table.Find(host));

    [Fact]
    public void WithoutAny_UnknownNamesAreNotFound()
    {
        HostTable<string> table = new([("a.example.com", "a"), ("*.b.example", "b")]);
        Assert.Null(table.Find("b.example"));
        Assert.Null(table.Find(""));
        Assert.Null(table.Find(new string('x', 300) + ".b.example"));
    }

    [Theory]
    [InlineData("a.example:8080", "a.example")]
    [InlineData("a.example", "a.example")]
    [InlineData("[::1]:80", "[::1]")]
    [InlineData("[::1]", "[::1]")]
    public void Ports_AreNoPartOfHosts(string authority, string host) => Assert.Equal(host, HostTable<string>.HostOf(authority).ToString());
}

using Ambient.Mesh.Identities;
using Ambient.Protocol.L7;
using Ambient.Routing.Messages;
using Ambient.Routing.Routes;

namespace Ambient.Routing.Tests.Routes;

public sealed class RouteMatchTests
{
    [Theory]
    [InlineData("exact", "/foo", "/foo", true)]
    [InlineData("exact", "/foo", "/foo/", false)]
    [InlineData("exact", "/foo", "/foo?a=b", true)]
    [InlineData("prefix", "/foo", "/foobar", true)]
    [InlineData("prefix", "/foo", "/fo", false)]
    [InlineData("segment", "/v2", "/v2", true)]
    [InlineData("segment", "/v2", "/v2/x", true)]
    [InlineData("segment", "/v2", "/v2/", true)]
    [InlineData("segment", "/v2", "/v2example", false)]
    [InlineData("segment", "/v2/", "/v2", true)]
    [InlineData("segment", "/", "/any", true)]
    [InlineData("regex", "/a.*", "/abc", true)]
    [InlineData("regex", "/a", "/abc", false)]
    [Trait("behaviour", "WP-61")]
    [Trait("behaviour", "WP-70")]
    public void Path_Matches(string kind, string text, string path, bool expected) =>
        Assert.Equal(expected, Requests.Table(Requests.Path(kind, text)).Find(Requests.Of("GET " + path)) is not null);

    [Theory]
    [InlineData("exact", "/Foo", "/fOO", true)]
    [InlineData("prefix", "/Foo", "/fOObar", true)]
    [InlineData("regex", "/Foo", "/foo", false)]
    public void IgnoredCase_IsNoMatterForExpressions(string kind, string text, string path, bool expected) =>
        Assert.Equal(expected, Requests.Table(Requests.Path(kind, text, ignoreCase: true)).Find(Requests.Of("GET " + path)) is not null);

    [Theory]
    [InlineData("end-user", "exact", "jason", false, "end-user=jason", true)]
    [InlineData("end-user", "exact", "jason", false, "", false)]
    [InlineData("End-User", "exact", "jason", false, "END-USER=jason", true)]
    [InlineData("end-user", "present", "", false, "end-user=", true)]
    [InlineData("end-user", "present", "", false, "", false)]
    [InlineData("end-user", "exact", "jason", true, "end-user=jason", false)]
    [InlineData("end-user", "exact", "jason", true, "end-user=not-jason", true)]
    [InlineData("end-user", "exact", "jason", true, "", true)]
    [InlineData("end-user", "present", "", true, "end-user=x", false)]
    [InlineData("end-user", "present", "", true, "", true)]
    [InlineData("end-user", "regex", ".*", true, "end-user=x", false)]
    [InlineData("end-user", "regex", ".*", true, "", false)]
    [InlineData("a!#$%&'*+-.^_`|~z", "exact", "why", false, "a!#$%&'*+-.^_`|~z=why", true)]
    [InlineData(":method", "exact", "GET", false, "", true)]
    [InlineData(":method", "exact", "POST", false, "", false)]
    [InlineData(":authority", "prefix", "echo", false, "", true)]
    [Trait("behaviour", "WP-48")]
    [Trait("behaviour", "WP-49")]
    [Trait("behaviour", "WP-65")]
    [Trait("behaviour", "WP-66")]
    [Trait("behaviour", "WP-67")]
    [Trait("behaviour", "WP-68")]
    public void Header_Matches(string name, string kind, string text, bool invert, string header, bool expected)
    {
        (string, string)[] headers = header.Length == 0 ? [] : [(header[..header.IndexOf('=', StringComparison.Ordinal)], header[(header.IndexOf('=', StringComparison.Ordinal) + 1)..])];
        Assert.Equal(expected, Requests.Table(Requests.Header(name, kind, text, invert)).Find(Requests.Of("GET /", headers)) is not null);
    }

    [Fact]
    public void SeveralLinesOfAHeader_AreJoined() =>
        Assert.NotNull(Requests.Table(Requests.Header("x", "exact", "a,b")).Find(Requests.Of("GET /", ("x", "a"), ("X", "b"))));

    [Theory]
    [InlineData("exact", "whale", "/?animal=whale", true)]
    [InlineData("exact", "whale", "/?color=blue&animal=whale", true)]
    [InlineData("exact", "whale", "/?animal=whaledolphin", false)]
    [InlineData("exact", "whale", "/?animal=dog&animal=whale", false)]
    [InlineData("exact", "", "/?animal", true)]
    [InlineData("exact", "", "/?animal=", true)]
    [InlineData("present", "", "/?animal=x", true)]
    [InlineData("present", "", "/?x=animal", false)]
    [InlineData("prefix", "wh", "/?animal=whale", true)]
    [InlineData("regex", "w.*e", "/?animal=whale", true)]
    [InlineData("exact", "whale", "/", false)]
    [Trait("behaviour", "WP-69")]
    public void Query_Matches(string kind, string text, string path, bool expected)
    {
        HttpMatch match = new() { Query = { new NamedMatch { Name = "animal", Value = Requests.Text(kind, text) } } };
        Assert.Equal(expected, Requests.Table(match).Find(Requests.Of("GET " + path)) is not null);
    }

    [Fact]
    [Trait("behaviour", "WP-253")]
    public void SchemeMethodAndAuthority_MustAllMatch()
    {
        HttpMatch match = new() { Scheme = Requests.Text("exact", "http"), Method = Requests.Text("exact", "GET"), Authority = Requests.Text("prefix", "echo") };
        PortTable table = Requests.Table(match);
        Assert.NotNull(table.Find(Requests.Of("GET / echo:80")));
        Assert.Null(table.Find(Requests.Of("POST / echo:80")));
        Assert.Null(table.Find(Requests.Of("GET / other")));
        RequestFacts secure = Requests.Of("GET / echo");
        secure.Head!.Scheme = "https";
        Assert.Null(table.Find(secure));
    }

    [Fact]
    [Trait("behaviour", "WP-258")]
    public void ConsumerRoute_IsForClientsOfItsNamespace()
    {
        PortTable table = Requests.Table(new HttpMatch { ClientNamespace = "consumer" }, new HttpMatch());
        RequestFacts request = Requests.Of("GET /");
        Assert.Equal("r1", table.Find(request)!.Name);
        request.Client = new SpiffeId("cluster.local", "consumer", "x");
        Assert.Equal("r0", table.Find(request)!.Name);
        request.Client = null;
        Assert.Equal("r1", table.Find(request)!.Name);
    }

    [Fact]
    [Trait("behaviour", "WP-62")]
    public void FirstInOrder_Wins()
    {
        PortTable table = Requests.Table(Requests.Path("prefix", "/foo"), Requests.Path("exact", "/foobar"), Requests.Path("prefix", "/"), Requests.Header("a", "exact", "b"));
        Assert.Equal("r0", table.Find(Requests.Of("GET /foobar"))!.Name);
        Assert.Equal("r2", table.Find(Requests.Of("GET /other", ("a", "b")))!.Name);
    }

    [Fact]
    public void BrokenRoute_IsNamed_AndNothingOfItsPortIsTaken()
    {
        PortRoutes port = new() { Port = 80, HttpActions = { new HttpAction() }, Http = { new HttpRoute { Name = "good" }, new HttpRoute { Name = "bad", Match = Requests.Path("regex", "(?=x)") } } };
        Assert.False(PortTable.TryCompile(port, out PortTable? table, out string? error));
        Assert.Null(table);
        Assert.Contains("route 1 'bad': path: look-around", error, StringComparison.Ordinal);
    }
}

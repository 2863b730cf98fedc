using Ambient.Protocol.L7;
using Ambient.Routing.Actions;
using Ambient.Routing.Matching;
using Ambient.Routing.Messages;

namespace Ambient.Routing.Tests.Actions;

public sealed class ActionTests
{
    [Theory]
    [InlineData("GET /foo b", 80, "", "", 0, true, "http://b/foo")]
    [InlineData("GET /foo b", 85, "", "", 0, true, "http://b:85/foo")]
    [InlineData("GET /foo b:85", 85, "", "", 0, true, "http://b:85/foo")]
    [InlineData("GET /foo?x=y b:85", 85, "", "", 0, false, "http://b:85/foo?x=y")]
    [InlineData("GET /foo b:85", 85, "", "foo.example.com", 0, false, "http://foo.example.com/foo")]
    [InlineData("GET /foo b", 80, "https", "", 0, false, "https://b/foo")]
    [InlineData("GET /foo b:80", 80, "https", "", 0, false, "https://b/foo")]
    [InlineData("GET /foo b", 80, "https", "", 443, false, "https://b/foo")]
    [InlineData("GET /foo b", 80, "https", "", 8443, false, "https://b:8443/foo")]
    [InlineData("GET /foo b", 80, "", "example.org", 8083, false, "http://example.org:8083/foo")]
    [InlineData("GET /foo [::1]:85", 80, "", "", 0, false, "http://[::1]:85/foo")]
    [Trait("behaviour", "WP-43")]
    [Trait("behaviour", "WP-44")]
    public void Redirect_MakesALocation(string request, int servicePort, string scheme, string authority, int port, bool requestPort, string expected)
    {
        Redirect redirect = new() { Scheme = scheme, Authority = authority, Port = (uint)port, RequestPort = requestPort, Status = 301 };
        Assert.Equal(expected, Compile(new HttpAction { Redirect = redirect }).Redirect!.Location(Requests.Of(request).Head!, PathMatcher.Any, (ushort)servicePort));
    }

    [Theory]
    [InlineData("/foo/baz", "prefix", "/foo", "/", false, "//baz")]
    [InlineData("/foo/baz?x=y", "prefix", "/foo", "/bar", false, "/bar/baz?x=y")]
    [InlineData("/original-prefix/lemon", "segment", "/original-prefix", "/replacement-prefix", true, "/replacement-prefix/lemon")]
    [InlineData("/foo", "segment", "/foo", "/", true, "/")]
    [InlineData("/foo/x", "segment", "/foo", "/", true, "/x")]
    [Trait("behaviour", "WP-47")]
    public void Redirect_ReplacesThePrefix(string path, string kind, string matched, string replacement, bool bySegment, string expected)
    {
        RouteAction action = Compile(new HttpAction { Redirect = new Redirect { Prefix = replacement, BySegment = bySegment, Status = 302 } });
        Assert.Equal("http://echo" + expected, action.Redirect!.Location(Requests.Of("GET " + path).Head!, Matcher(kind, matched), 80));
    }

    [Theory]
    [InlineData("/x", "/new", "/new?a=b")]
    [InlineData("/x", "/new?c=d", "/new?c=d")]
    public void Redirect_KeepsTheQuery_UnlessItBringsItsOwn(string path, string replacement, string expected)
    {
        RouteAction action = Compile(new HttpAction { Redirect = new Redirect { FullPath = replacement, Status = 308 } });
        Assert.Equal("http://echo" + expected, action.Redirect!.Location(Requests.Of($"GET {path}?a=b").Head!, PathMatcher.Any, 80));
    }

    [Theory]
    [InlineData("segment", "/prefix", "/", true, "/prefix/one/two", "/one/two")]
    [InlineData("segment", "/strip-prefix", "/", true, "/strip-prefix/three", "/three")]
    [InlineData("segment", "/strip-prefix", "/", true, "/strip-prefix", "/")]
    [InlineData("segment", "/a", "/b/", true, "/a/x?q=1", "/b/x?q=1")]
    [InlineData("segment", "/", "/b", true, "/x", "/b/x")]
    [InlineData("prefix", "/v1", "/v2", false, "/v1x", "/v2x")]
    [InlineData("prefix", "/api/", "", false, "/api/x", "/x")]
    [Trait("behaviour", "WP-262")]
    public void Rewrite_ReplacesThePrefix(string kind, string matched, string replacement, bool bySegment, string path, string expected)
    {
        RequestHead head = Requests.Of("GET " + path).Head!;
        Assert.True(Compile(new HttpAction { Rewrite = new Rewrite { Prefix = replacement, BySegment = bySegment } }).Rewrite!.Apply(head, Matcher(kind, matched)));
        Assert.Equal(expected, head.Target);
    }

    [Fact]
    [Trait("behaviour", "WP-52")]
    [Trait("behaviour", "WP-53")]
    public void Rewrite_OfPathAndAuthority_KeepsTheQuery()
    {
        RequestHead head = Requests.Of("GET /any?q=1").Head!;
        PathRewrite rewrite = Compile(new HttpAction { Rewrite = new Rewrite { Regex = new RegexRewrite { Pattern = "/.*", Substitution = "/replace-full" }, Authority = "new-authority" } }).Rewrite!;
        Assert.True(rewrite.Apply(head, PathMatcher.Any));
        Assert.Equal(("/replace-full?q=1", "new-authority"), (head.Target, rewrite.Authority));
    }

    [Fact]
    [Trait("behaviour", "WP-37")]
    [Trait("behaviour", "WP-38")]
    [Trait("behaviour", "WP-261")]
    public void HeaderEdits_RemoveThenSetThenAdd()
    {
        HeaderEdits edits = new()
        {
            Remove = { "Gone", ":path", "host" },
            Set = { new HeaderValue { Name = "X-Set", Value = "new" } },
            Add = { new HeaderValue { Name = "x-added", Value = "one" }, new HeaderValue { Name = "gone", Value = "back" } },
        };
        RequestHead head = Requests.Of("GET /", ("gone", "1"), ("GONE", "2"), ("x-set", "old"), ("x-set", "older"), ("x-added", "zero"), ("stays", "yes")).Head!;
        Compile(new HttpAction { Request = edits }).Request.Apply(head.Fields, new Values());
        Assert.Equal(("back", "new", "zero,one", "yes"), (head.Fields.Text("gone"), head.Fields.Text("x-set"), head.Fields.Text("x-added"), head.Fields.Text("stays")));
    }

    [Fact]
    [Trait("behaviour", "WP-39")]
    [Trait("behaviour", "WP-40")]
    public void Authority_IsNoField()
    {
        foreach (string name in new[] { "Host", ":authority", "host" })
        {
            HeaderEditor editor = Compile(new HttpAction { Request = new HeaderEdits { Set = { new HeaderValue { Name = name, Value = "my-custom-authority" } } } }).Request;
            RequestHead head = Requests.Of("GET /").Head!;
            editor.Apply(head.Fields, new Values());
            Assert.Equal(0, head.Fields.Count);
            Assert.Equal("my-custom-authority", editor.Authority!.Expand(new Values()));
        }
    }

    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("100%%", "100%")]
    [InlineData("a%REQ(X-A)%b", "a<REQ X-A>b")]
    [InlineData("%PROTOCOL%", "<PROTOCOL >")]
    [InlineData("%UPSTREAM_HOST%", "-")]
    public void HeaderValue_HasCommands(string text, string expected)
    {
        Assert.True(HeaderTemplate.TryParse(text, out HeaderTemplate? template, out string? error), error);
        Assert.Equal(expected, template.Expand(new Values()));
    }

    [Theory]
    [InlineData("50%")]
    [InlineData("%UNKNOWN%")]
    [InlineData("%REQ%")]
    [InlineData("%PROTOCOL(x)%")]
    [InlineData("a\r\nb")]
    public void BadHeaderValue_IsRefused(string text) =>
        Assert.False(RouteAction.TryCompile(new HttpAction { Request = new HeaderEdits { Set = { new HeaderValue { Name = "a", Value = text } } } }, out _, out _));

    [Theory]
    [InlineData(317)]
    [InlineData(200)]
    [Trait("behaviour", "WP-88")]
    public void RedirectStatus_ThatIsNone_IsRefused(int status) =>
        Assert.False(RouteAction.TryCompile(new HttpAction { Redirect = new Redirect { Status = (uint)status } }, out _, out _));

    [Fact]
    [Trait("behaviour", "WP-74")]
    [Trait("behaviour", "WP-42")]
    public void Weights_ShareOutRequests()
    {
        TargetChoice choice = Compile(new HttpAction { Targets = { Weighted("a", 80), Weighted("b", 10), Weighted("c", 10), Weighted("never", 0) } }).Targets;
        string[] picked = [.. Enumerable.Range(0, 100).Select(i => choice.Pick(i / 100.0)!.Service.Hostname)];
        Assert.Equal((80, 10, 10), (picked.Count(p => p == "a"), picked.Count(p => p == "b"), picked.Count(p => p == "c")));
    }

    [Fact]
    public void OneDestination_NeedsNoWeight_AndNoneIsNone()
    {
        WeightedTarget only = Weighted("a", 1);
        Assert.Equal("a", Compile(new HttpAction { Targets = { only } }).Targets.Pick(0.99)!.Service.Hostname);
        Assert.Null(Compile(new HttpAction()).Targets.Pick(0));
        Assert.Equal(500, Compile(new HttpAction { Targets = { new WeightedTarget { Weight = 1, FailStatus = 500 } } }).Targets.Pick(0)!.FailStatus);
    }

    [Theory]
    [InlineData("connect-failure", UpstreamFailure.ConnectFailed, true)]
    [InlineData("connect-failure", UpstreamFailure.ConnectionClosed, false)]
    [InlineData("connect-failure", UpstreamFailure.TryTimeout, false)]
    [InlineData("refused-stream", UpstreamFailure.Refused, true)]
    [InlineData("reset", UpstreamFailure.ConnectionClosed, true)]
    [InlineData("reset", UpstreamFailure.ConnectFailed, false)]
    [InlineData("reset", UpstreamFailure.TryTimeout, true)]
    [InlineData("reset-before-request", UpstreamFailure.ResetBeforeRequest, true)]
    [InlineData("reset-before-request", UpstreamFailure.Reset, false)]
    [InlineData("5xx", UpstreamFailure.ConnectFailed, true)]
    [InlineData("gateway-error", UpstreamFailure.Reset, true)]
    [InlineData("5xx", UpstreamFailure.Overflow, false)]
    [InlineData("5xx", UpstreamFailure.Timeout, false)]
    [InlineData("5xx", UpstreamFailure.NoEndpoint, false)]
    public void Failure_IsRetriedUnderItsCondition(string condition, UpstreamFailure failure, bool expected) =>
        Assert.Equal(expected, Retry(condition).AfterFailure(failure));

    [Theory]
    [InlineData("5xx", 500, -1, true)]
    [InlineData("5xx", 499, -1, false)]
    [InlineData("gateway-error", 500, -1, false)]
    [InlineData("gateway-error", 503, -1, true)]
    [InlineData("retriable-4xx", 409, -1, true)]
    [InlineData("unavailable", 200, 14, true)]
    [InlineData("cancelled", 200, 1, true)]
    [InlineData("unavailable", 200, 13, false)]
    [InlineData("connect-failure", 503, -1, false)]
    public void Response_IsRetriedUnderItsCondition(string condition, int status, int grpc, bool expected) =>
        Assert.Equal(expected, Retry(condition).AfterResponse(status, grpc));

    [Theory]
    [InlineData("5xx", 503, false)]
    [InlineData("resource-exhausted", 429, false)]
    [InlineData("envoy-ratelimited", 429, true)]
    public void WhoeverLimits_IsAskedAgain_OnlyWhereThatIsWanted(string condition, int status, bool expected)
    {
        Assert.Equal(expected, Retry(condition).AfterResponse(status, 8, isRateLimited: true));
        Assert.Equal(condition != "envoy-ratelimited", Retry(condition).AfterResponse(status, 8));
    }

    [Fact]
    public void RetryCodesAndPauses()
    {
        RetryRule rule = Compile(new HttpAction { Retry = new RetryPolicy { Attempts = 2, Codes = { 418 } } }).Retry!;
        Assert.True(rule.AfterResponse(418, -1));
        Assert.False(rule.AfterResponse(503, -1));
        Assert.InRange(rule.Pause(1, 0.999).TotalMilliseconds, 24, 25);
        Assert.InRange(rule.Pause(9, 0.999).TotalMilliseconds, 249, 250);
        Assert.Null(Compile(new HttpAction { Retry = new RetryPolicy() }).Retry);
    }

    [Fact]
    [Trait("behaviour", "WP-54")]
    [Trait("behaviour", "WP-55")]
    [Trait("behaviour", "WP-56")]
    public void Cors_AnswersPreflights_AndMarksAnswers()
    {
        CorsRule cors = Compile(new HttpAction { Cors = new Cors { Origins = { new TextMatch { Exact = "cors.com" } }, Methods = "GET,POST", Headers = "X-Foo-Bar,X-Foo-Baz", MaxAge = "86400", Expose = "x-e", Credentials = true } }).Cors!;
        RequestHead preflight = Requests.Of("OPTIONS /", ("origin", "cors.com"), ("access-control-request-method", "POST")).Head!;
        FieldList answer = new();
        Assert.True(cors.AnswersPreflight(preflight));
        cors.AddPreflightFields(preflight, answer);
        Assert.Equal(("cors.com", "GET,POST", "X-Foo-Bar,X-Foo-Baz", "86400", "true"), (answer.Text("access-control-allow-origin"), answer.Text("access-control-allow-methods"), answer.Text("access-control-allow-headers"), answer.Text("access-control-max-age"), answer.Text("access-control-allow-credentials")));

        answer.Clear();
        cors.AddFields(Requests.Of("GET /", ("origin", "cors.com")).Head!, answer);
        Assert.Equal(("cors.com", "x-e"), (answer.Text("access-control-allow-origin"), answer.Text("access-control-expose-headers")));
        answer.Clear();
        cors.AddFields(Requests.Of("GET /").Head!, answer);
        Assert.Equal(0, answer.Count);

        RequestHead foreign = Requests.Of("OPTIONS /", ("origin", "evil.com"), ("access-control-request-method", "POST")).Head!;
        Assert.True(cors.AnswersPreflight(foreign));
        cors.AddPreflightFields(foreign, answer);
        Assert.False(answer.Contains("access-control-allow-origin"));
        Assert.False(Compile(new HttpAction { Cors = new Cors { ForwardUnmatched = true } }).Cors!.AnswersPreflight(foreign));
    }

    [Fact]
    [Trait("behaviour", "WP-57")]
    [Trait("behaviour", "WP-59")]
    public void Fault_StrikesItsShare()
    {
        FaultRule fault = Compile(new HttpAction { Fault = new Fault { AbortStatus = 418, AbortShare = 500_000, DelayMs = 7000 } }).Fault!;
        Assert.True(fault.Aborts(0.49));
        Assert.False(fault.Aborts(0.5));
        Assert.False(fault.Delays(0));
        Assert.False(Compile(new HttpAction { Fault = new Fault { AbortStatus = 418 } }).Fault!.Aborts(0));
    }

    [Theory]
    [InlineData(42, false, false)]
    [InlineData(101, false, false)]
    [InlineData(600, false, false)]
    [InlineData(200, false, true)]
    [InlineData(599, false, true)]
    [InlineData(17, true, false)]
    [InlineData(16, true, true)]
    public void Abort_HasAStatusThatMayBeWritten(int status, bool isGrpc, bool isOne)
    {
        HttpAction action = new() { Fault = new Fault { AbortStatus = (uint)status, AbortIsGrpc = isGrpc, AbortShare = 1 } };
        Assert.Equal(isOne, RouteAction.TryCompile(action, out _, out string? error));
        Assert.Equal(isOne, error is null);
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(199, false)]
    [InlineData(503, true)]
    [InlineData(600, false)]
    public void ShareThatFails_HasAStatusThatMayBeWritten(int status, bool isOne) =>
        Assert.Equal(isOne, RouteAction.TryCompile(new HttpAction { Targets = { new WeightedTarget { Weight = 1, FailStatus = (uint)status } } }, out _, out _));

    [Theory]
    [InlineData("a", "a-shadow")]
    [InlineData("a:80", "a-shadow:80")]
    [InlineData("[::1]", "[::1]-shadow")]
    public void Copy_HasAnotherHost(string authority, string expected) => Assert.Equal(expected, MirrorRule.ShadowAuthority(authority));

    private static RetryRule Retry(string condition) => Compile(new HttpAction { Retry = new RetryPolicy { Attempts = 2, Conditions = { condition } } }).Retry!;

    private static WeightedTarget Weighted(string host, uint weight) => new() { Destination = new Destination { Namespace = "ns", Hostname = host, Port = 80 }, Weight = weight };

    private static PathMatcher Matcher(string kind, string text)
    {
        Assert.True(PathMatcher.TryCompile(Requests.Path(kind, text).Path, out PathMatcher? matcher, out string? error), error);
        return matcher;
    }

    private static RouteAction Compile(HttpAction source)
    {
        Assert.True(RouteAction.TryCompile(source, out RouteAction? action, out string? error), error);
        return action;
    }

    private sealed class Values : ICommandSource
    {
        public string? Resolve(string command, string argument) => command == "UPSTREAM_HOST" ? null : $"<{command} {argument}>";
    }
}

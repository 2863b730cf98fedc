using System.Text;
using Ambient.Mesh.Addresses;
using Ambient.Protocol.Envoy.Authorization;
using Ambient.Protocol.L7;
using Ambient.Routing.Authorizers;
using Ambient.Routing.Messages;
using Google.Protobuf;
using HeaderValue = Ambient.Protocol.Envoy.Authorization.HeaderValue;

namespace Ambient.Routing.Tests.Authorizers;

public sealed class ExternalAuthorizerTests
{
    [Fact]
    [Trait("behaviour", "WP-161")]
    public void Question_ShowsWhatIsNamed_AndOurFieldsCount()
    {
        RequestFacts facts = Requests.Of("POST /cart?a=b shop.example:81", ("authorization", "secret"), ("x-ext-user", "jason"), ("x-other", "1"), ("x-fixed", "from client"), ("a-suffix", "s"), ("cookie", "c"));
        RequestHead question = new();
        Make(new Authorizer
        {
            PathPrefix = "/check",
            RequestFields = { new TextMatch { Prefix = "X-EXT-" }, new TextMatch { Suffix = "-suffix" }, new TextMatch { Exact = "x-fixed" } },
            AdditionalFields = { new Protocol.L7.HeaderValue { Name = "X-Fixed", Value = "ours" } },
        }).Ask(facts.Head!, isPartial: false, question);
        Assert.Equal(("POST", "/check/cart?a=b", "shop.example:81"), (question.Method, question.Target, question.Authority));
        Assert.Equal(["a-suffix=s", "authorization=secret", "x-ext-user=jason", "x-fixed=ours"], Fields(question.Fields));
    }

    [Theory]
    [InlineData(200, true, false)]
    [InlineData(201, false, false)]
    [InlineData(302, false, false)]
    [InlineData(401, false, false)]
    [InlineData(500, false, true)]
    [InlineData(503, false, true)]
    [InlineData(0, false, true)]
    [InlineData(101, false, true)]
    public void Answer_AllowsWith200Alone(int status, bool isAllowed, bool isError)
    {
        AuthorizerVerdict verdict = Make(new Authorizer()).Judge(status, new FieldList(), default);
        Assert.Equal((isAllowed, isError), (verdict.IsAllowed, verdict.IsError));
        Assert.Equal(isAllowed ? 200 : isError ? 403 : status, verdict.Status);
    }

    [Fact]
    [Trait("behaviour", "WP-161")]
    public void Fields_GoWhereTheSettingsSay()
    {
        FieldList answer = new();
        foreach (string name in new[] { "x-ext-authz-user", "x-client", "location", "content-length", "connection", "x-envoy-auth-headers-to-remove" })
        {
            answer.Add(name, name == "x-envoy-auth-headers-to-remove" ? "Authorization, host" : "v");
        }

        Authorizer settings = new() { UpstreamFields = { new TextMatch { Prefix = "x-ext-authz-" } }, ClientFieldsOnAllow = { new TextMatch { Exact = "x-client" } }, ClientFieldsOnDeny = { new TextMatch { Exact = "x-ext-authz-user" } } };
        AuthorizerVerdict allowed = Make(settings).Judge(200, answer, default);
        RequestHead head = Requests.Of("GET /", ("x-ext-authz-user", "forged"), ("authorization", "a")).Head!;
        allowed.Apply(head.Fields);
        Assert.Equal(["x-ext-authz-user=v"], Fields(head.Fields));
        Assert.Equal(["x-client=v"], Fields(allowed.Client));

        AuthorizerVerdict denied = Make(settings).Judge(403, answer, "no"u8.ToArray());
        Assert.Equal(["location=v", "x-ext-authz-user=v"], Fields(denied.Client));
        Assert.Equal("no", Encoding.UTF8.GetString(denied.Body.Span));
        Assert.DoesNotContain("content-length=v", Fields(Make(new Authorizer()).Judge(403, answer, default).Client));
        Assert.Contains("x-client=v", Fields(Make(new Authorizer()).Judge(403, answer, default).Client));
    }

    [Fact]
    public void NoAnswer_IsClosed_UnlessSaidOtherwise()
    {
        Assert.Equal((false, 403), (Make(new Authorizer()).OnError().IsAllowed, Make(new Authorizer()).OnError().Status));
        Assert.Equal(503, Make(new Authorizer { StatusOnError = 503 }).OnError().Status);
        Assert.True(Make(new Authorizer { FailOpen = true }).OnError().IsAllowed);
        Assert.Equal(TimeSpan.FromSeconds(600), Make(new Authorizer()).Timeout);
    }

    [Fact]
    public void Unknown_OrWithoutService_CannotBeAsked()
    {
        AuthorizerSet set = new([new Authorizer { Name = "a", Service = Service() }, new Authorizer { Name = "b" }, new Authorizer { Name = "c", Service = new Destination { Hostname = "x" } }]);
        Assert.NotNull(set.Find("a"));
        Assert.All(new[] { "b", "c", "d", "" }, name => Assert.Null(set.Find(name)));
    }

    [Fact]
    [Trait("behaviour", "WP-162")]
    public void GrpcQuestion_TellsWhoAsksForWhat()
    {
        RequestFacts facts = Requests.Of("GET /cart?a=b", ("x-a", "1"), ("x-a", "2"));
        ExternalAuthorizer authorizer = Make(new Authorizer { Body = new AuthorizerBody { MaxBytes = 4, AllowPartial = true } });
        CheckRequest question = CheckMessages.Ask(authorizer, facts, IpPort.Parse("10.1.0.5:4711"), null, DateTimeOffset.UnixEpoch, "body"u8, isPartial: true);
        AttributeContext about = question.Attributes;
        Assert.Equal(("10.1.0.5", 4711u, "spiffe://cluster.local/ns/apps/sa/client"), (about.Source.Address.SocketAddress.Address, about.Source.Address.SocketAddress.PortValue, about.Source.Principal));
        Assert.Equal(("10.96.0.10", 80u), (about.Destination.Address.SocketAddress.Address, about.Destination.Address.SocketAddress.PortValue));
        Assert.Equal(("GET", "/cart?a=b", "echo", "body", "1,2", "true"), (about.Request.Http.Method, about.Request.Http.Path, about.Request.Http.Host, about.Request.Http.Body, about.Request.Http.Headers["x-a"], about.Request.Http.Headers["x-envoy-auth-partial-body"]));

        facts.Head = null;
        Assert.Null(CheckMessages.Ask(authorizer, facts, IpPort.Parse("10.1.0.5:1"), null, DateTimeOffset.UnixEpoch, default, isPartial: false).Attributes.Request.Http);
    }

    [Fact]
    public void GrpcAnswer_OnlyOkAllows()
    {
        ExternalAuthorizer authorizer = Make(new Authorizer());
        Assert.True(Judge(new CheckResponse { Status = new CheckStatus() }).IsAllowed);
        Assert.True(Judge(new CheckResponse()).IsError);
        Assert.True(CheckMessages.Judge(authorizer, [0xff, 0xff]).IsError);
        AuthorizerVerdict denied = Judge(new CheckResponse { Status = new CheckStatus { Code = 7 }, OkResponse = new OkHttpResponse() });
        Assert.Equal((false, false, 403), (denied.IsAllowed, denied.IsError, denied.Status));
        denied = Judge(new CheckResponse
        {
            Status = new CheckStatus { Code = 16 },
            DeniedResponse = new DeniedHttpResponse { Status = new HttpStatus { Code = 401 }, Body = "who?", Headers = { Field("WWW-Authenticate", "Bearer"), Field("x-bad", "a\r\nb"), Field("bad name", "c"), Field(":status", "200") } },
        });
        Assert.Equal((401, "who?"), (denied.Status, Encoding.UTF8.GetString(denied.Body.Span)));
        Assert.Equal(["www-authenticate=Bearer"], Fields(denied.Client));

        AuthorizerVerdict allowed = Judge(new CheckResponse
        {
            Status = new CheckStatus(),
            OkResponse = new OkHttpResponse { Headers = { Field("x-set", "new"), Field("x-add", "2", append: true) }, HeadersToRemove = { "X-Gone", ":path" }, ResponseHeadersToAdd = { Field("x-down", "d") } },
        });
        RequestHead head = Requests.Of("GET /", ("x-set", "old"), ("x-add", "1"), ("x-gone", "1")).Head!;
        allowed.Apply(head.Fields);
        Assert.Equal(["x-add=1", "x-add=2", "x-set=new"], Fields(head.Fields));
        Assert.Equal(["x-down=d"], Fields(allowed.Client));

        AuthorizerVerdict Judge(CheckResponse response) => CheckMessages.Judge(authorizer, response.ToByteArray());
    }

    [Fact]
    public void GrpcAnswer_OfAnyBytes_NeverThrowsAndAllowsOnlyWithStatus()
    {
        const int Seed = 20261121;
        Random random = new(Seed);
        ExternalAuthorizer authorizer = Make(new Authorizer());
        byte[] good = new CheckResponse { Status = new CheckStatus { Code = 7, Message = "no" }, DeniedResponse = new DeniedHttpResponse { Body = "b", Headers = { Field("a", "b") } } }.ToByteArray();
        for (int i = 0; i < 20_000; i++)
        {
            byte[] bytes = [.. good];
            bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            byte[] cut = bytes[..random.Next(bytes.Length + 1)];
            AuthorizerVerdict verdict = CheckMessages.Judge(authorizer, cut);
            Assert.True(!verdict.IsAllowed || CheckResponse.Parser.ParseFrom(cut).Status is { Code: 0 }, $"seed {Seed}, round {i}");
        }
    }

    private static ExternalAuthorizer Make(Authorizer settings)
    {
        settings.Name = "a";
        settings.Service = Service();
        return new AuthorizerSet([settings]).Find("a")!;
    }

    private static Destination Service() => new() { Namespace = "apps", Hostname = "authz.apps.svc.cluster.local", Port = 8000 };

    private static HeaderValueOption Field(string name, string value, bool append = false) => new() { Header = new HeaderValue { Key = name, Value = value }, Append = append };

    private static string[] Fields(FieldList fields) => [.. Enumerable.Range(0, fields.Count).Select(i => $"{fields.Name(i)}={fields.Value(i)}").Order(StringComparer.Ordinal)];
}

using Ambient.Protocol.L7;
using Ambient.Routing.Messages;
using Ambient.Routing.Tokens;

namespace Ambient.Routing.Tests.Tokens;

public sealed class TokenTests : IDisposable
{
    private const string Issuer = "test-issuer-1@istio.io";
    private static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeSeconds(1_800_000_000);
    private readonly TokenFactory _factory = new();

    [Theory]
    [InlineData("ES256", null)]
    [InlineData("RS256", null)]
    [InlineData("PS256", null)]
    [InlineData("ES256", "ec")]
    [InlineData("RS256", "rsa")]
    [Trait("behaviour", "WP-175")]
    public void ValidToken_GivesAPrincipal_AndIsTakenAway(string algorithm, string? kid)
    {
        RequestHead head = Head(_factory.Sign(Payload(), algorithm, kid));
        TokenVerdict verdict = Program(new TokenRule { Issuer = Issuer }).Verify(head, Now);
        Assert.Equal((0, ""), (verdict.Status, verdict.Reason));
        Assert.Equal((Issuer, "sub-1"), (verdict.Claims!.Issuer, verdict.Claims.Subject));
        Assert.False(head.Fields.Contains("authorization"));
    }

    [Fact]
    [Trait("behaviour", "WP-176")]
    public void OriginalToken_IsForwarded_WhenWanted()
    {
        RequestHead head = Head(_factory.Sign(Payload()));
        Assert.Equal(0, Program(new TokenRule { Issuer = Issuer, ForwardOriginal = true }).Verify(head, Now).Status);
        Assert.True(head.Fields.Contains("authorization"));
    }

    [Fact]
    [Trait("behaviour", "WP-177")]
    [Trait("behaviour", "WP-181")]
    public void NoToken_PassesWithoutAPrincipal()
    {
        TokenVerdict verdict = Program(new TokenRule { Issuer = Issuer }).Verify(Requests.Of("GET /healthz").Head!, Now);
        Assert.Equal(TokenVerdict.Pass, verdict);
    }

    [Theory]
    [InlineData("expired", 401, "Jwt is expired")]
    [InlineData("early", 401, "Jwt not yet valid")]
    [InlineData("two parts", 401, "Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections")]
    [InlineData("issuer", 401, "Jwt issuer is not configured")]
    [InlineData("audience", 403, "Audiences in Jwt are not allowed")]
    [InlineData("signature", 401, "Jwt verification fails")]
    [InlineData("kid", 401, "Jwks doesn't have key to match kid or alg from Jwt")]
    [InlineData("algorithm of another key", 401, "Jwks doesn't have key to match kid or alg from Jwt")]
    [InlineData("none", 401, "Jwt header [alg] is not supported")]
    [InlineData("none without signature", 401, "Jwt header [alg] is not supported")]
    [InlineData("public key as secret", 401, "Jwks doesn't have key to match kid or alg from Jwt")]
    [InlineData("critical", 401, "Jwt header [alg] is not supported")]
    [InlineData("header encoding", 401, "Jwt header is an invalid Base64url encoded")]
    [InlineData("payload encoding", 401, "Jwt payload is an invalid Base64url encoded")]
    [InlineData("header json", 401, "Jwt header is an invalid JSON")]
    [InlineData("payload json", 401, "Jwt payload is an invalid JSON")]
    [InlineData("payload twice", 401, "Jwt payload is an invalid JSON")]
    [InlineData("payload surrogate", 401, "Jwt payload is an invalid JSON")]
    [InlineData("exp text", 401, "Jwt payload is an invalid JSON")]
    [InlineData("no signature", 401, "Jwt signature is an invalid Base64url encoded")]
    [Trait("behaviour", "WP-177")]
    [Trait("behaviour", "WP-179")]
    [Trait("behaviour", "WP-184")]
    public void BadToken_IsRefused_WithItsReason(string kind, int status, string reason)
    {
        string good = _factory.Sign(Payload());
        string[] parts = good.Split('.');
        string none = TokenFactory.Encode("{\"alg\":\"none\"}"u8.ToArray());
        string token = kind switch
        {
            "expired" => _factory.Sign(Payload(expires: Now.ToUnixTimeSeconds() - 61)),
            "early" => _factory.Sign($$"""{"iss":"{{Issuer}}","sub":"s","nbf":{{Now.ToUnixTimeSeconds() + 61}}}"""),
            "two parts" => "a.b",
            "issuer" => _factory.Sign(Payload(issuer: "other")),
            "audience" => _factory.Sign(Payload(audience: "\"bar\"")),
            "signature" => $"{parts[0]}.{parts[1]}.{TokenFactory.Encode(new byte[64])}",
            "kid" => _factory.Sign(Payload(), kid: "unknown"),
            "algorithm of another key" => _factory.Sign(Payload(), "RS256", "ec"),
            "none" => $"{none}.{parts[1]}.{parts[2]}",
            "none without signature" => $"{none}.{parts[1]}.",
            "public key as secret" => _factory.Sign(Payload(), "HS256", "rsa"),
            "critical" => _factory.Sign(Payload(), header: """{"alg":"ES256","crit":["b64"],"b64":false}"""),
            "header encoding" => $"!.{parts[1]}.{parts[2]}",
            "payload encoding" => $"{parts[0]}.a+b.{parts[2]}",
            "header json" => $"{TokenFactory.Encode("[]"u8.ToArray())}.{parts[1]}.{parts[2]}",
            "payload json" => $"{parts[0]}.{TokenFactory.Encode("{"u8.ToArray())}.{parts[2]}",
            "payload twice" => _factory.Sign($$"""{"iss":"{{Issuer}}","iss":"{{Issuer}}","aud":"foo"}"""),
            "payload surrogate" => _factory.Sign($$"""{"iss":"{{Issuer}}","sub":"\ud800"}"""),
            "exp text" => _factory.Sign($$"""{"iss":"{{Issuer}}","exp":"never","aud":"foo"}"""),
            _ => $"{parts[0]}.{parts[1]}.",
        };
        TokenRule rule = new() { Issuer = Issuer, Audiences = { "foo" } };
        RequestHead head = Head(token);
        TokenVerdict verdict = Program(rule).Verify(head, Now);
        Assert.Equal((status, reason), (verdict.Status, verdict.Reason));
        Assert.Null(verdict.Claims);
    }

    [Theory]
    [InlineData("\"foo\"", "foo")]
    [InlineData("[\"bar\",\"foo\"]", "foo")]
    [InlineData("\"https://foo/\"", "foo")]
    public void Audience_IsATextOrAList(string audience, string wanted) =>
        Assert.Equal(0, Program(new TokenRule { Issuer = Issuer, Audiences = { wanted } }).Verify(Head(_factory.Sign(Payload(audience: audience))), Now).Status);

    [Fact]
    [Trait("behaviour", "WP-180")]
    [Trait("behaviour", "WP-178")]
    public void TokensOfSeveralIssuers_AreEachVerifiedByTheirRule()
    {
        TokenProgram program = Program(new TokenRule { Issuer = Issuer, Audiences = { "foo" } }, new TokenRule { Issuer = "second" });
        Assert.Equal(0, program.Verify(Head(_factory.Sign(Payload(issuer: "second"))), Now).Status);
        Assert.Equal(403, program.Verify(Head(_factory.Sign(Payload(audience: "\"x\""))), Now).Status);
        Assert.Equal(401, program.Verify(Head(_factory.Sign(Payload(issuer: "third"))), Now).Status);
    }

    [Fact]
    [Trait("behaviour", "WP-185")]
    public void KeysThatCouldNotBeHad_RefuseTokens_AndPassRequestsWithout()
    {
        foreach (string keys in new[] { "", "{", "[]", "{\"keys\":[]}", "{\"keys\":[{\"kty\":\"RSA\",\"n\":\"!\",\"e\":\"AQAB\"}]}" })
        {
            List<string> problems = [];
            TokenProgram program = new([new TokenPolicy { Rules = { new TokenRule { Issuer = Issuer, Keys = keys } } }], problems.Add);
            Assert.Equal(401, program.Verify(Head(_factory.Sign(Payload())), Now).Status);
            Assert.Equal(0, program.Verify(Requests.Of("GET /").Head!, Now).Status);
            Assert.NotEmpty(problems);
        }
    }

    [Fact]
    [Trait("behaviour", "WP-187")]
    public void OwnHeaders_ReplaceTheDefault()
    {
        TokenRule rule = new() { Issuer = Issuer, FromHeaders = { new TokenHeader { Name = "x-jwt-token", Prefix = "Value " }, new TokenHeader { Name = "auth-token", Prefix = "Token " } } };
        string token = _factory.Sign(Payload());
        foreach ((string name, string value) in new[] { ("X-Jwt-Token", "Value " + token), ("Auth-Token", "Token " + token) })
        {
            RequestHead head = Requests.Of("GET /", (name, value)).Head!;
            Assert.NotNull(Program(rule).Verify(head, Now).Claims);
            Assert.False(head.Fields.Contains(name.ToLowerInvariant()));
        }

        Assert.Equal(TokenVerdict.Pass, Program(rule).Verify(Head(token), Now));
    }

    [Theory]
    [InlineData("/?token={0}", "/")]
    [InlineData("/a?x=1&secondary_token={0}&y=2", "/a?x=1&y=2")]
    [InlineData("/?token={0}&secondary_token={0}", "/")]
    [Trait("behaviour", "WP-188")]
    public void Parameters_MayHoldTokens(string path, string left)
    {
        RequestHead head = Requests.Of("GET " + path.Replace("{0}", _factory.Sign(Payload()), StringComparison.Ordinal)).Head!;
        Assert.NotNull(Program(new TokenRule { Issuer = Issuer, FromParams = { "token", "secondary_token" } }).Verify(head, Now).Claims);
        Assert.Equal(left, head.Target);
    }

    [Fact]
    public void OneBadTokenOfTwo_IsEnough()
    {
        string good = _factory.Sign(Payload());
        RequestHead head = Requests.Of($"GET /?access_token={good}x", ("authorization", "Bearer " + good)).Head!;
        Assert.Equal(401, Program(new TokenRule { Issuer = Issuer }).Verify(head, Now).Status);
    }

    [Fact]
    public void Cookie_MayHoldAToken() => Assert.NotNull(Program(new TokenRule { Issuer = Issuer, FromCookies = { "session" } })
        .Verify(Requests.Of("GET /", ("cookie", $"a=b; session={_factory.Sign(Payload())}; c=d")).Head!, Now).Claims);

    [Fact]
    [Trait("behaviour", "WP-182")]
    [Trait("behaviour", "WP-183")]
    [Trait("behaviour", "WP-204")]
    public void Claims_BecomeHeaders_ThatNoClientCanForge()
    {
        TokenRule rule = new()
        {
            Issuer = Issuer,
            PayloadHeader = "x-test-payload",
            ClaimHeaders =
            {
                new ClaimHeader { Header = "x-iss", Claim = "iss" },
                new ClaimHeader { Header = "x-iat", Claim = "iat" },
                new ClaimHeader { Header = "x-nested", Claim = "nested.nested-2.key2" },
                new ClaimHeader { Header = "x-list", Claim = "list" },
                new ClaimHeader { Header = "x-none", Claim = "none" },
                new ClaimHeader { Header = "x-evil", Claim = "evil" },
            },
        };
        string token = _factory.Sign($$"""{"iss":"{{Issuer}}","sub":"s","iat":1700000000,"nested":{"nested-2":{"key2":"valueC"} },"list":["a"],"evil":"a\r\nb: c"}""");
        RequestHead head = Requests.Of("GET /", ("authorization", "Bearer " + token), ("x-none", "forged"), ("x-iss", "forged"), ("x-evil", "forged")).Head!;
        Assert.Equal(0, Program(rule).Verify(head, Now).Status);
        Assert.Equal(token.Split('.')[1], head.Fields.Text("x-test-payload"));
        Assert.Equal((Issuer, "1700000000", "valueC"), (head.Fields.Text("x-iss"), head.Fields.Text("x-iat"), head.Fields.Text("x-nested")));
        Assert.Equal(TokenFactory.Encode("[\"a\"]"u8.ToArray()), head.Fields.Text("x-list"));
        Assert.Null(head.Fields.Text("x-none"));
        Assert.Null(head.Fields.Text("x-evil"));
        RequestHead anonymous = Requests.Of("GET /", ("x-iss", "forged")).Head!;
        Assert.Equal(0, Program(rule).Verify(anonymous, Now).Status);
        Assert.Null(anonymous.Fields.Text("x-iss"));
    }

    [Fact]
    public void Preflight_IsNeverChecked()
    {
        RequestHead head = Requests.Of("OPTIONS /", ("origin", "x"), ("access-control-request-method", "GET"), ("authorization", "Bearer bad")).Head!;
        Assert.Equal(0, Program(new TokenRule { Issuer = Issuer }).Verify(head, Now).Status);
        head.Fields.Remove("origin");
        Assert.Equal(401, Program(new TokenRule { Issuer = Issuer }).Verify(head, Now).Status);
    }

    [Fact]
    public void Preflight_CarriesNoClaimsOfItsOwnMaking()
    {
        TokenRule rule = new() { Issuer = Issuer, PayloadHeader = "x-payload", ClaimHeaders = { new ClaimHeader { Header = "X-Sub", Claim = "sub" } } };
        RequestHead head = Requests.Of("OPTIONS /", ("origin", "x"), ("access-control-request-method", "GET"), ("x-sub", "admin"), ("x-payload", "forged"), ("x-other", "kept")).Head!;
        Assert.Equal(0, Program(rule).Verify(head, Now).Status);
        Assert.Equal((null, null, "kept"), (head.Fields.Text("x-sub"), head.Fields.Text("x-payload"), head.Fields.Text("x-other")));
    }

    [Fact]
    public void MutatedTokens_AreRefused_AndNeverThrow()
    {
        int seed = Environment.TickCount;
        Random random = new(seed);
        TokenProgram program = Program(new TokenRule { Issuer = Issuer });
        string good = _factory.Sign(Payload());
        for (int i = 0; i < 1000; i++)
        {
            char[] token = good.ToCharArray();
            for (int changes = random.Next(1, 4); changes > 0; changes--)
            {
                token[random.Next(token.Length)] = (char)random.Next(33, 127);
            }

            TokenVerdict verdict = program.Verify(Head(new string(token)), Now);

            // A character may have been replaced by itself, and the last one of a Base64url text has bits that mean nothing.
            Assert.True(verdict.Status == 401 || new string(token)[..^1] == good[..^1], $"seed {seed}: {new string(token)}");
        }
    }

    public void Dispose() => _factory.Dispose();

    private static string Payload(string issuer = Issuer, string audience = "\"foo\"", long? expires = null) =>
        $$"""{"iss":"{{issuer}}","sub":"sub-1","aud":{{audience}},"exp":{{expires ?? Now.ToUnixTimeSeconds() + 100}}}""";

    private static RequestHead Head(string token) => Requests.Of("GET /", ("Authorization", "Bearer " + token)).Head!;

    private TokenProgram Program(params TokenRule[] rules)
    {
        TokenPolicy policy = new() { Namespace = "ns", Name = "tokens" };
        foreach (TokenRule rule in rules)
        {
            rule.Keys = _factory.KeySet;
            policy.Rules.Add(rule);
        }

        return new TokenProgram([policy]);
    }
}

using Ambient.Routing.Expressions;

namespace Ambient.Routing.Tests.Expressions;

public sealed class ExpressionTests
{
    [Theory]
    [InlineData("response.code >= 400", "true")]
    [InlineData("response.code >= 400 && request.method == 'GET'", "true")]
    [InlineData("response.code<400||request.url_path.startsWith('/a')", "true")]
    [InlineData("!(response.code == 503)", "false")]
    [InlineData("request.headers['X-Who'] == \"me\"", "true")]
    [InlineData("request.headers['none'] == 'me'", null)]
    [InlineData("has(request.headers['none'])", "false")]
    [InlineData("has(request.headers['x-who']) ? request.headers['x-who'] : 'nobody'", "me")]
    [InlineData("has(request.headers['none']) ? request.headers['none'] : 'nobody'", "nobody")]
    [InlineData("request.headers['none'] == 'me' || true", "true")]
    [InlineData("true || request.headers['none'] == 'me'", "true")]
    [InlineData("request.headers['none'] == 'me' && false", "false")]
    [InlineData("request.headers['none'] == 'me' || false", null)]
    [InlineData("'x-who' in request.headers", "true")]
    [InlineData("'X-None' in request.headers", "false")]
    [InlineData("request.method in ['PUT', 'GET']", "true")]
    [InlineData("response.code in [1, 2, 3]", "false")]
    [InlineData("'test'", "test")]
    [InlineData("request.method + '-' + string(response.code)", "GET-503")]
    [InlineData("int('40') + 2", "42")]
    [InlineData("double(response.code) > 502.5", "true")]
    [InlineData("-1 < 0", "true")]
    [InlineData("request.url_path.matches('^/a.c$')", "true")]
    [InlineData("request.url_path.contains('zz') == false", "true")]
    [InlineData("size(request.method) == 3 && request.method.size() == 3", "true")]
    [InlineData("request.duration > duration('1.5s')", "true")]
    [InlineData("request.duration > duration('2m')", "false")]
    [InlineData("connection.mtls", "true")]
    [InlineData("connection.mtls == 'true'", "false")]
    [InlineData("connection.mtls > 1", null)]
    [InlineData("filter_state.upstream_peer.workload", "reviews-v1")]
    [InlineData("upstream_peer.workload", "reviews-v1")]
    [InlineData("'it\\'s' == \"it's\"", "true")]
    [InlineData("null == null", "true")]
    [InlineData("1 < 2 == true", "true")]
    public void Expression_HasItsValue(string text, string? expected)
    {
        Assert.True(Expression.TryCompile(text, out Expression? expression, out string? error), error);
        Assert.Equal(expected, expression.Evaluate(new Request()).AsText());
    }

    [Theory]
    [InlineData("", "it ends too early")]
    [InlineData("response.code >=", "it ends too early")]
    [InlineData("response.nonsense", "'response.nonsense' at 0 is no attribute that is supported")]
    [InlineData("xds.cluster_metadata.filter_metadata.istio.services[0].name", "'xds.cluster_metadata")]
    [InlineData("request.headers == 'x'", "no attribute that is supported")]
    [InlineData("filter_state.upstream_peer.labels['a']", "no attribute that is supported")]
    [InlineData("foo(1)", "'foo' at 0 is no attribute that is supported")]
    [InlineData("request.path.replace('a', 'b')", "')' was expected")]
    [InlineData("request.path.lower('a')", "the function 'lower' at 13 is not supported")]
    [InlineData("request.path.matches(request.host)", "matches() needs a literal")]
    [InlineData("request.path.matches('(a')", "")]
    [InlineData("request.path.matches('a(?=b)')", "")]
    [InlineData("1 * 2", "'*' at 2 is not supported")]
    [InlineData("1 2", "nothing was expected at 2")]
    [InlineData("'abc", "the text at 0 has no end")]
    [InlineData("[1].all(x, x > 1)", "'[' was not expected at 0")]
    [InlineData("has('x')", "has() needs an attribute")]
    [InlineData("99999999999999999999", "is no number")]
    public void WhatIsNotSupported_IsSaid(string text, string error)
    {
        Assert.False(Expression.TryCompile(text, out _, out string? actual));
        Assert.Contains(error, actual, StringComparison.Ordinal);
    }

    [Fact]
    public void Expressions_AreBounded()
    {
        Assert.False(Expression.TryCompile(new string('(', 1000) + "1" + new string(')', 1000), out _, out string? deep));
        Assert.Contains("deep", deep, StringComparison.Ordinal);
        Assert.False(Expression.TryCompile(new string('!', 1000) + "true", out _, out deep));
        Assert.Contains("deep", deep, StringComparison.Ordinal);
        Assert.False(Expression.TryCompile("1" + string.Concat(Enumerable.Repeat("+1", 500)), out _, out string? many));
        Assert.Contains("parts", many, StringComparison.Ordinal);
        Assert.False(Expression.TryCompile(new string('a', 3000), out _, out string? length));
        Assert.Contains("longer", length, StringComparison.Ordinal);
    }

    [Fact]
    public void Attributes_AreNamed()
    {
        Assert.True(Expression.TryCompile("has(response.headers['X-A']) || 'b' in response.headers || response.code > 1", out Expression? expression, out _));
        Assert.Equal([("response.headers", "x-a"), ("response.headers", "b"), ("response.code", "")], expression.Attributes);
        Assert.True(Expression.TryCompile("'x'", out expression, out _));
        Assert.Equal("x", expression.Constant.AsText());
    }

    [Fact]
    public void AnyText_IsReadOrRefused_AndEvaluates()
    {
        int seed = Environment.TickCount;
        Random random = new(seed);
        string[] words = ["request.path", "response.code", "request.headers", "['a']", "(", ")", "[", "]", "'x'", "1", "1.5", "==", "<", "&&", "||", "!", "?", ":", "in", "has(", "size(", ".matches('a+')", ".contains(", "+", "-", ",", "null", "true", "\\", "\"", "é", " "];
        int good = 0;
        for (int i = 0; i < 20_000; i++)
        {
            string text = string.Concat(Enumerable.Range(0, random.Next(1, 9)).Select(_ => words[random.Next(words.Length)]));
            if (Expression.TryCompile(text, out Expression? expression, out string? error))
            {
                good++;
                _ = expression.Evaluate(new Request()).AsText();
            }
            else
            {
                Assert.False(string.IsNullOrEmpty(error), $"seed {seed}: '{text}' is refused without a word");
            }
        }

        Assert.True(good > 100, $"seed {seed}: only {good} were read");
    }

    private sealed class Request : IAttributes
    {
        public ExpressionValue Get(string attribute, string key) => (attribute, key) switch
        {
            ("response.code", _) => ExpressionValue.Of(503),
            ("request.method", _) => ExpressionValue.Of("GET"),
            ("request.url_path", _) => ExpressionValue.Of("/abc"),
            ("request.headers", "x-who") => ExpressionValue.Of("me"),
            ("request.duration", _) => ExpressionValue.Of(TimeSpan.FromSeconds(2)),
            ("connection.mtls", _) => ExpressionValue.Of(true),
            ("upstream_peer.workload", _) => ExpressionValue.Of("reviews-v1"),
            _ => default,
        };
    }
}

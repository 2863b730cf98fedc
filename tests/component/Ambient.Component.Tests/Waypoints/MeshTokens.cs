using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Ambient.Component.Tests.Waypoints;

/// <summary>An issuer of tokens whose keys stand in the rules, and one that nobody knows.</summary>
internal sealed class MeshTokens : IDisposable
{
    public const string Issuer = "test-issuer-1@istio.io";

    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly ECDsa _foreign = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    /// <summary>A request with a token; null: without.</summary>
    public static string Get(string path, string? token, string fields = "") =>
        $"GET {path} HTTP/1.1\r\nHost: cart\r\n{fields}{(token is null ? "" : $"Authorization: Bearer {token}\r\n")}\r\n";

    /// <summary>A token of the issuer with these claims.</summary>
    public string Sign(string claims) => Sign(_key, $$"""{"iss": "{{Issuer}}", "exp": 4102444800, {{claims.TrimStart('{')}}""");

    /// <summary>A token that says that it is the issuer's, and is not.</summary>
    public string Foreign() => Sign(_foreign, $$"""{"iss": "{{Issuer}}", "exp": 4102444800, "sub": "sub-1"}""");

    /// <summary>The rule that makes a target check tokens.</summary>
    public string Authentication(string @namespace, string target, string more = "")
    {
        ECPoint point = _key.ExportParameters(includePrivateParameters: false).Q;
        return $$"""
            apiVersion: security.istio.io/v1
            kind: RequestAuthentication
            metadata: {name: tokens, namespace: {{@namespace}}}
            spec:
              targetRefs: [{{target}}]
              jwtRules:
              - issuer: {{Issuer}}
                jwks: '{"keys":[{"kty":"EC","crv":"P-256","alg":"ES256","kid":"a","x":"{{Base64Url.EncodeToString(point.X!)}}","y":"{{Base64Url.EncodeToString(point.Y!)}}"}]}'
                {{more}}
            """;
    }

    public void Dispose()
    {
        _key.Dispose();
        _foreign.Dispose();
    }

    private static string Sign(ECDsa key, string payload)
    {
        string text = Base64Url.EncodeToString("""{"alg":"ES256","kid":"a"}"""u8) + "." + Base64Url.EncodeToString(Encoding.UTF8.GetBytes(payload));
        return text + "." + Base64Url.EncodeToString(key.SignData(Encoding.ASCII.GetBytes(text), HashAlgorithmName.SHA256));
    }
}

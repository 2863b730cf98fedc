using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Ambient.Testing.Facts;
using Ambient.Testing.Waiting;

namespace Ambient.Component.Tests.Waypoints;

/// <summary>Keys of an issuer that the control plane fetches for the waypoint, which has no way out.</summary>
public sealed class FetchedKeysTests
{
    [RequiresToolFact("nft", root: true)]
    public async Task Tokens_AreRefusedUntilTheControlPlaneHasTheKeys_ThenJudgedByThem()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using ECDsa other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        string keys = KeySet(key);
        await using PlaneMesh mesh = await PlaneMesh.StartAsync();
        using HttpBackend backend = HttpBackend.Start(mesh.Pair.Server, 9001, "v1");
        bool isUp = false;
        using ScriptedBackend issuer = ScriptedBackend.Start(mesh.Pair.Stranger, 9100, async (socket, _) =>
        {
            await ScriptedBackend.ReadUntilAsync(socket, "\r\n\r\n");
            await ScriptedBackend.SayAsync(socket, Volatile.Read(ref isUp)
                ? $"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {keys.Length}\r\n\r\n{keys}"
                : "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
        });
        await Eventually.TrueAsync(() => Ask(mesh, null).StartsWith("HTTP/1.1 200", StringComparison.Ordinal));

        mesh.Manifest("tokens", $$"""
            apiVersion: security.istio.io/v1
            kind: RequestAuthentication
            metadata: {name: fetched, namespace: bench}
            spec: {targetRefs: [{kind: Service, group: "", name: cart}], jwtRules: [{issuer: me, jwksUri: "http://{{mesh.Pair.Stranger.Address}}:9100/jwks"}]}
            """);
        string good = Token(key);
        await Eventually.TrueAsync(() => Ask(mesh, good).StartsWith("HTTP/1.1 401", StringComparison.Ordinal));
        Assert.StartsWith("HTTP/1.1 200", Ask(mesh, null), StringComparison.Ordinal);

        Volatile.Write(ref isUp, true);
        await Eventually.TrueAsync(() => Ask(mesh, good).StartsWith("HTTP/1.1 200", StringComparison.Ordinal), TimeSpan.FromSeconds(90));
        Assert.StartsWith("HTTP/1.1 401", Ask(mesh, Token(other)), StringComparison.Ordinal);
        Assert.Contains("keys could not be fetched", mesh.Plane.Log, StringComparison.Ordinal);
    }

    private static string Ask(PlaneMesh mesh, string? token) => mesh.Ask($"GET / HTTP/1.1\r\nHost: cart\r\n{(token is null ? "" : $"Authorization: Bearer {token}\r\n")}\r\n");

    private static string KeySet(ECDsa key)
    {
        ECPoint point = key.ExportParameters(includePrivateParameters: false).Q;
        return $$"""{"keys":[{"kty":"EC","crv":"P-256","alg":"ES256","kid":"a","x":"{{Base64Url.EncodeToString(point.X!)}}","y":"{{Base64Url.EncodeToString(point.Y!)}}"}]}""";
    }

    private static string Token(ECDsa key)
    {
        string text = Base64Url.EncodeToString("""{"alg":"ES256","kid":"a"}"""u8) + "." + Base64Url.EncodeToString("""{"iss":"me","sub":"someone","exp":4102444800}"""u8);
        return text + "." + Base64Url.EncodeToString(key.SignData(Encoding.ASCII.GetBytes(text), HashAlgorithmName.SHA256));
    }
}

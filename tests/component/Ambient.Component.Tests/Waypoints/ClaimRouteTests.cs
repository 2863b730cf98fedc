using Ambient.Testing.Facts;
using Ambient.Testing.Waiting;

namespace Ambient.Component.Tests.Waypoints;

/// <summary>Routes that ask for what a token says.</summary>
[Collection(SharedPlaneCollection.Name)]
public sealed class ClaimRouteTests(SharedPlane plane)
{
    private const string Target = "{group: \"\", kind: Service, name: cart}";

    private const string Routes = """
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: claims, namespace: bench}
        spec:
          hosts: [cart]
          http:
          - match:
            - {uri: {exact: /exact}, headers: {"@request.auth.claims.nested.key1": {exact: valueA}}}
            - {uri: {exact: /prefix}, headers: {"@request.auth.claims.sub": {prefix: sub}}}
            - uri: {exact: /regex}
              headers: {"@request.auth.claims.sub": {regex: '(\W|^)(sub-1|sub-2)(\W|$)'}, "@request.auth.claims.nested.key1": {regex: '(\W|^)value[AB](\W|$)'}}
            - {uri: {exact: /without}, withoutHeaders: {"@request.auth.claims.nested.key1": {exact: value-not-matched}}}
            - {uri: {exact: /without-it}, withoutHeaders: {"@request.auth.claims.nested.key1": {exact: valueA}}}
            - {uri: {exact: /both}, headers: {"@request.auth.claims.nested.key1": {exact: valueA}, "@request.auth.claims.sub": {exact: sub-2}}}
            - {uri: {exact: /brackets}, headers: {"@request.auth.claims[nested][key1]": {exact: valueB}}}
            - {uri: {exact: /dots}, headers: {"@request.auth.claims[test-issuer-1@istio.io/simple]": {exact: plain}, "@request.auth.claims[test-issuer-1@istio.io/nested][key1]": {prefix: in}}}
            - {uri: {exact: /copied}, headers: {x-copied: {exact: copy}}}
            route: [{destination: {host: v2}}]
        """;

    [RequiresToolFact("nft", root: true)]
    [Trait("behaviour", "WP-195")]
    [Trait("behaviour", "WP-196")]
    [Trait("behaviour", "WP-197")]
    [Trait("behaviour", "WP-198")]
    [Trait("behaviour", "WP-199")]
    [Trait("behaviour", "WP-200")]
    [Trait("behaviour", "WP-201")]
    [Trait("behaviour", "WP-202")]
    [Trait("behaviour", "WP-203")]
    [Trait("behaviour", "WP-204")]
    public async Task Claims_ChooseTheRoute()
    {
        await plane.BeginAsync();
        using MeshTokens tokens = new();
        plane.Manifest("tokens", tokens.Authentication("bench", Target, "outputClaimToHeaders: [{header: x-copied, claim: copy}]"));
        plane.Manifest("routes", Routes);
        string one = tokens.Sign("""{"sub": "sub-1", "copy": "copy", "nested": {"key1": ["valueA", "valueB"]}, "test-issuer-1@istio.io/simple": "plain", "test-issuer-1@istio.io/nested": {"key1": "inner"}}""");
        string other = tokens.Sign("""{"sub": "elsewhere", "nested": {"key1": "value-not-matched"}}""");
        await Eventually.TrueAsync(() => Status("/nothing", one) == 404 && Status("/exact", one) == 200);

        string[] matched = ["/exact", "/prefix", "/regex", "/without", "/brackets", "/dots", "/copied"];
        Assert.All(matched, path => Assert.Equal((path, 200), (path, Status(path, one))));
        Assert.All(["/without-it", "/both"], path => Assert.Equal((path, 404), (path, Status(path, one))));
        Assert.All(matched, path => Assert.Equal((path, 404), (path, Status(path, other))));
        Assert.Equal(200, Status("/without-it", other));

        // Nobody's word counts but the token's; a token that is none is refused before any route.
        Assert.Equal((200, 404, 404), (Status("/copied", one, "x-copied: mine\r\n"), Status("/copied", other, "x-copied: copy\r\n"), Status("/copied", null, "x-copied: copy\r\n")));
        Assert.All(matched, path => Assert.Equal((path, 401), (path, Status(path, tokens.Foreign()))));
        Assert.Equal(404, Status("/exact", null));
        Assert.Contains("x-backend: v2\r\n", plane.Ask(MeshTokens.Get("/exact", one)), StringComparison.Ordinal);

        // Without a rule about tokens there are no claims, whatever a request carries.
        plane.NoManifest("tokens");
        await Eventually.TrueAsync(() => Status("/exact", one) == 404);
        Assert.Equal((404, 404, 404), (Status("/prefix", one), Status("/regex", one), Status("/dots", one)));
    }

    private int Status(string path, string? token, string fields = "") => int.Parse(plane.Ask(MeshTokens.Get(path, token, fields)).AsSpan("HTTP/1.1 ".Length, 3), provider: null);
}

using Ambient.ControlPlane.Routing.Inputs;
using Ambient.ControlPlane.Routing.Reading;
using Ambient.ControlPlane.Routing.Services;
using Ambient.Protocol.L7;

namespace Ambient.ControlPlane.Routing.Serving;

/// <summary>What MeshConfig says to all waypoints and gateways, telemetry and authorisers aside (waypoint reference 1.7, 2.9). Immutable.</summary>
internal sealed record MeshOptions
{
    private const ulong UsualConnectTimeoutMs = 10_000;

    /// <summary>Nothing is said.</summary>
    public static MeshOptions None { get; } = new();

    /// <summary>How paths are read, before policies and routes see them.</summary>
    public PathNormalization Normalization { get; init; }

    /// <summary>How long a name is left alone about which nobody could be asked; 0: as usual.</summary>
    public ulong DnsRefreshMs { get; init; }

    /// <summary>The field <c>server</c> of answers; empty: the usual one, <c>disabled</c>: that of the endpoint.</summary>
    public string ServerHeader { get; init; } = "";

    /// <summary>What holds where routes and DestinationRules say nothing.</summary>
    public MeshDefaults Defaults { get; init; } = MeshDefaults.None;

    /// <summary>Reads MeshConfig, which is at <c>data.mesh</c> of a ConfigMap.</summary>
    /// <param name="map">The ConfigMap with MeshConfig as its spec.</param>
    /// <param name="before">What held until now; null: this is the first.</param>
    /// <param name="problems">What is wrong, or has no effect.</param>
    public static MeshOptions Read(RoutingObject map, MeshOptions? before, ProblemList problems)
    {
        SpecReader mesh = new(map, problems, "data.mesh");
        mesh.Unsupported("tcpKeepalive", "the system's settings are used");
        mesh.Unsupported("localityLbSetting", "say it in DestinationRules, or by the trafficDistribution of Services");
        mesh.Unsupported("defaultTrafficPolicy", "waypoints go by DestinationRules; write one for *.local in the root namespace");
        return new MeshOptions
        {
            Normalization = NormalizationOf(mesh, before),
            DnsRefreshMs = mesh.Milliseconds("dnsRefreshRate") ?? 0,
            ServerHeader = Server(mesh),
            Defaults = new MeshDefaults
            {
                Retry = mesh.Object("defaultHttpRetryPolicy") is { } retry ? RetryPolicies.Read(retry) : null,
                ConnectTimeoutMs = mesh.Milliseconds("connectTimeout") is { } connect and not UsualConnectTimeoutMs ? connect : 0,
                UpgradesToHttp2 = Upgrades(mesh),
            },
        };
    }

    /// <summary>
    /// A word that is not known must not loosen what policies see: what held stays, and where nothing was known yet it is the strictest there is.
    /// </summary>
    private static PathNormalization NormalizationOf(SpecReader mesh, MeshOptions? before)
    {
        if (!mesh.Has("pathNormalization"))
        {
            return PathNormalization.Base;
        }

        SpecReader? said = mesh.Object("pathNormalization");
        string word = said?.Text("normalization") ?? "";
        said?.End();
        PathNormalization? known = word switch
        {
            "" when said?.Has("normalization") == false => PathNormalization.Base,
            "DEFAULT" or "BASE" => PathNormalization.Base,
            "NONE" => PathNormalization.None,
            "MERGE_SLASHES" => PathNormalization.MergeSlashes,
            "DECODE_AND_MERGE_SLASHES" => PathNormalization.DecodeAndMergeSlashes,
            _ => null,
        };
        if (known is { } mode)
        {
            return mode;
        }

        PathNormalization kept = before?.Normalization ?? PathNormalization.DecodeAndMergeSlashes;
        (said ?? mesh).Invalid(said is null ? "pathNormalization" : "normalization", $"'{word}' is none of DEFAULT, BASE, NONE, MERGE_SLASHES and DECODE_AND_MERGE_SLASHES; until it is, {kept} holds");
        return kept;
    }

    private static bool Upgrades(SpecReader mesh)
    {
        string word = mesh.Text("h2UpgradePolicy");
        if (word is not ("" or "UPGRADE" or "DO_NOT_UPGRADE"))
        {
            mesh.Invalid("h2UpgradePolicy", $"'{word}' is neither UPGRADE nor DO_NOT_UPGRADE; nothing is upgraded");
        }

        return word == "UPGRADE";
    }

    private static string Server(SpecReader mesh)
    {
        if (mesh.Object("defaultConfig")?.Object("proxyHeaders") is not { } headers)
        {
            return "";
        }

        headers.Unsupported("forwardedClientCert", "gateways have defaultConfig.gatewayTopology.forwardClientCertDetails, and waypoints take the field off");
        headers.Unsupported("setCurrentClientCertDetails", "what a client's certificate says is forwarded as a whole");
        headers.Unsupported("requestId", "x-request-id is made where there is none");
        headers.Unsupported("attemptCount", "x-envoy-attempt-count is as it is");
        headers.Unsupported("envoyDebugHeaders", "they are as they are");
        headers.Unsupported("preserveHttp1HeaderCase", "names are in lower case");
        headers.Unsupported("xForwardedHost", "it is not added");
        headers.Unsupported("xForwardedPort", "it is not added");

        // Nothing of the kind is ever sent, which is what one can ask for here.
        _ = headers.Has("metadataExchangeHeaders");
        string server = "";
        if (headers.Object("server") is { } said)
        {
            server = said.Text("value");
            if (server.Any(static c => c is < ' ' or > '~'))
            {
                said.Invalid("value", "must be printable ASCII; the usual one is sent");
                server = "";
            }

            server = said.Flag("disabled") ? "disabled" : server;
            said.End();
        }

        headers.End();
        return server;
    }
}

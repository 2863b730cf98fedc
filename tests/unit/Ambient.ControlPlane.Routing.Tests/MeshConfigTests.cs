using System.Text.Json;
using Ambient.ControlPlane.Routing.Inputs;
using Ambient.Protocol.L7;
using Ambient.Routing.Messages;

namespace Ambient.ControlPlane.Routing.Tests;

/// <summary>From MeshConfig to what waypoints are told.</summary>
public sealed class MeshConfigTests
{
    private const string Settings = "WaypointSettings apps/w/settings";
    private readonly RoutedCluster _cluster = new();

    public MeshConfigTests()
    {
        Gateway("");
        _cluster.Set("Service", "apps/cart", ",'labels':{'istio.io/use-waypoint':'w'}},'spec':{'clusterIP':'10.2.0.1','ports':[{'name':'http','port':80}]}");
    }

    [Theory]
    [InlineData("DEFAULT", "/admin//x", "/app/%2Fy")]
    [InlineData("BASE", "/admin//x", "/app/%2Fy")]
    [InlineData("NONE", "/app/../admin//x", "/app/%2Fy")]
    [InlineData("MERGE_SLASHES", "/admin/x", "/app/%2Fy")]
    [InlineData("DECODE_AND_MERGE_SLASHES", "/admin/x", "/app/y")]
    public void Paths_AreReadAsMeshConfigSays(string word, string dots, string slashes)
    {
        Mesh($"pathNormalization: {{normalization: {word}}}");
        PathNormalization mode = Of().Normalization;
        Assert.Equal((dots, slashes), (Read("/app/../admin//x", mode), Read("/app/%2Fy", mode)));
        Assert.Empty(_cluster.Said);
    }

    [Theory]
    [InlineData("word")]
    [InlineData("[accessLogFile, /dev/stdout]")]
    public void WhatIsNoMapping_ChangesNothing_AndIsSaid(string mesh)
    {
        Mesh("pathNormalization: {normalization: MERGE_SLASHES}");
        Mesh(mesh);
        Assert.Equal(PathNormalization.MergeSlashes, Of().Normalization);
        Assert.Equal("data.mesh: must be a mapping of fields to values; what it said last stays", Assert.Single(_cluster.Said));
    }

    [Fact]
    public void AWordForPathsThatNobodyKnows_LoosensNothing()
    {
        Mesh("pathNormalization: {normalization: MERGE_SLASH}");
        Assert.Equal(PathNormalization.DecodeAndMergeSlashes, Of().Normalization);
        Assert.Equal("data.mesh.pathNormalization.normalization 'MERGE_SLASH' is none of DEFAULT, BASE, NONE, MERGE_SLASHES and DECODE_AND_MERGE_SLASHES; until it is, DecodeAndMergeSlashes holds", Assert.Single(_cluster.Said));
        Assert.Equal(("ConfigMap", RoutingProblem.Invalid), (_cluster.Waypoints.Problems.Single().Kind, _cluster.Waypoints.Problems.Single().Reason));

        Mesh("pathNormalization: {normalization: MERGE_SLASHES}");
        Mesh("pathNormalization: BASE");
        Assert.Equal(PathNormalization.MergeSlashes, Of().Normalization);
        Mesh("accessLogFile: /dev/stdout");
        Assert.Equal(PathNormalization.Base, Of().Normalization);
        Assert.Empty(_cluster.Waypoints.Problems);
    }

    [Fact]
    public void RetriesAndConnections_OfTheMesh_HoldWhereRoutesAndRulesSayNothing()
    {
        _cluster.Set("VirtualService", "apps/v", "},'spec':{'hosts':['cart'],'http':[{'match':[{'uri':{'prefix':'/own'}}],'retries':{'attempts':1},'route':[{'destination':{'host':'cart'}}]},{'route':[{'destination':{'host':'cart'}}]}]}");
        Mesh("accessLogFile: /dev/stdout");
        Assert.Equal([1u, 2u], Actions().Select(static action => action.Retry.Attempts));
        Assert.DoesNotContain(_cluster.Resources.Keys, static name => name.StartsWith("DestinationSettings", StringComparison.Ordinal));

        Mesh("defaultHttpRetryPolicy: {attempts: 5, retryOn: reset}\nconnectTimeout: 3s\nh2UpgradePolicy: UPGRADE");
        Assert.Equal([1u, 5u], Actions().Select(static action => action.Retry.Attempts));
        Assert.Equal((3000ul, true), (Pool().ConnectTimeoutMs, Pool().UpgradeToHttp2));
        _cluster.Set("DestinationRule", "apps/d", "},'spec':{'host':'cart','trafficPolicy':{'connectionPool':{'tcp':{'connectTimeout':'1s'},'http':{'h2UpgradePolicy':'DO_NOT_UPGRADE'}}}}");
        _cluster.Take();
        Assert.Equal((1000ul, false), (Pool().ConnectTimeoutMs, Pool().UpgradeToHttp2));
        _cluster.Set("VirtualService", "apps/v", null);
        _cluster.Set("HTTPRoute", "apps/r", "},'spec':{'parentRefs':[{'group':'','kind':'Service','name':'cart'}],'rules':[{'backendRefs':[{'name':'cart','port':80}]}]}");
        _cluster.Take();
        Assert.Equal([5u], Actions().Select(static action => action.Retry.Attempts));
        _cluster.Set("HTTPRoute", "apps/r", null);
        _cluster.Take();
        Assert.Equal([5u], Actions().Select(static action => action.Retry.Attempts));
        Assert.Empty(_cluster.Said);
    }

    [Theory]
    [InlineData("{server: {value: mine}}", "mine")]
    [InlineData("{server: {disabled: true}}", "disabled")]
    [InlineData("{server: {disabled: false}}", "")]
    [InlineData("{metadataExchangeHeaders: {mode: IN_MESH}}", "")]
    public void TheServersName_IsWhatMeshConfigSays(string headers, string expected)
    {
        Mesh($"defaultConfig: {{proxyHeaders: {headers}}}");
        Assert.Equal(expected, Of().ServerHeader);
        Assert.Empty(_cluster.Said);
    }

    [Theory]
    [InlineData("tcpKeepalive: {time: 10s}", "data.mesh.tcpKeepalive is not supported")]
    [InlineData("localityLbSetting: {enabled: false}", "data.mesh.localityLbSetting is not supported")]
    [InlineData("defaultTrafficPolicy: {loadBalancer: {simple: RANDOM}}", "data.mesh.defaultTrafficPolicy is not supported")]
    [InlineData("defaultConfig: {proxyHeaders: {requestId: {disabled: true}}}", "data.mesh.defaultConfig.proxyHeaders.requestId is not supported")]
    [InlineData("defaultConfig: {proxyHeaders: {shout: true}}", "data.mesh.defaultConfig.proxyHeaders.shout is not known")]
    [InlineData("defaultConfig: {proxyHeaders: {server: {value: \"a\\nb\"}}}", "data.mesh.defaultConfig.proxyHeaders.server.value must be printable")]
    [InlineData("h2UpgradePolicy: SOMETIMES", "data.mesh.h2UpgradePolicy 'SOMETIMES' is neither")]
    [InlineData("connectTimeout: soon", "data.mesh.connectTimeout 'soon' is no duration")]
    [InlineData("defaultHttpRetryPolicy: {attempts: 1, retryOn: luck}", "data.mesh.defaultHttpRetryPolicy.retryOn: luck is not supported")]
    [InlineData("dnsRefreshRate: never", "data.mesh.dnsRefreshRate 'never' is no duration")]
    public void WhatHasNoEffect_IsSaid(string mesh, string expected)
    {
        Mesh(mesh);
        Assert.StartsWith(expected, Assert.Single(_cluster.Said), StringComparison.Ordinal);
        Assert.StartsWith(expected, Assert.Single(_cluster.Waypoints.Problems).Message, StringComparison.Ordinal);
        Assert.Equal("", Of().ServerHeader);
    }

    [Fact]
    public void AnnotationOfTheGateway_ForwardsWhoTheClientIs()
    {
        _cluster.Take();
        Assert.False(Of().ForwardClientIdentity);
        Gateway(",'annotations':{'ambient.istio.io/xfcc-include-client-identity':'true'}");
        _cluster.Take();
        Assert.True(Of().ForwardClientIdentity);
        Gateway(",'annotations':{'ambient.istio.io/xfcc-include-client-identity':'false'}");
        _cluster.Take();
        Assert.False(Of().ForwardClientIdentity);
    }

    [Fact]
    public void AnAuthorizer_IsFoundAmongTheServicesOfTheMesh_AndWhenItComesLater()
    {
        _cluster.Set("AuthorizationPolicy", "apps/ask", "},'spec':{'targetRefs':[{'group':'','kind':'Service','name':'cart'}],'action':'CUSTOM','provider':{'name':'judge'},'rules':[{}]}");
        Mesh("extensionProviders: [{name: judge, envoyExtAuthzGrpc: {service: judge.law.svc.cluster.local, port: 9000}}]");
        Assert.Null(Of().Authorizers.Single().Service);
        _cluster.Set("ServiceEntry", "apps/impostor", "},'spec':{'hosts':['judge.law.svc.cluster.local'],'ports':[{'number':9000,'name':'grpc','protocol':'GRPC'}],'resolution':'DNS'}");
        _cluster.Set("Service", "law/judge", "},'spec':{'clusterIP':'10.2.0.7','ports':[{'name':'grpc','port':9000}]}");
        _cluster.Take();
        Assert.Equal(("law", 9000u), (Of().Authorizers.Single().Service.Namespace, Of().Authorizers.Single().Service.Port));
    }

    private static string? Read(string target, PathNormalization mode) => PathNormalizer.TryNormalize(target, mode, out string? path) ? path : null;

    private WaypointSettings Of() => (WaypointSettings)_cluster.Resources[Settings];

    private IEnumerable<HttpAction> Actions() => ((ServiceRoutes)_cluster.Resources["ServiceRoutes apps/w/apps/cart.apps.svc.cluster.local"]).Ports[0].HttpActions;

    private ConnectionPool Pool() => ((DestinationSettings)_cluster.Resources["DestinationSettings apps/w/apps/cart.apps.svc.cluster.local"]).Policies.Single().Policy.Pool;

    private void Mesh(string yaml)
    {
        _cluster.Set("ConfigMap", "istio-system/istio", "},'data':{'mesh':" + JsonSerializer.Serialize(yaml) + "}");
        _cluster.Take();
    }

    private void Gateway(string annotations) => _cluster.Set(
        "Gateway", "apps/w", annotations + "},'spec':{'gatewayClassName':'istio-waypoint','listeners':[{'name':'mesh','port':15008,'protocol':'HBONE'}]},'status':{'addresses':[{'type':'IPAddress','value':'10.1.0.1'}]}");
}

using Ambient.ControlPlane.Discovery.Scopes;
using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Discovery.Tests.Scopes;

/// <summary>Which services other clusters reach.</summary>
public sealed class ServiceScopesTests
{
    private const string ByService = "serviceScopeConfigs: [{servicesSelector: {matchExpressions: [{key: istio.io/global, operator: In, values: ['true']}]}, scope: GLOBAL}]";
    private const string ByNamespace = "serviceScopeConfigs: [{namespaceSelector: {matchExpressions: [{key: istio.io/local, operator: DoesNotExist}]}, scope: GLOBAL}]";
    private const string ByOptIn = "serviceScopeConfigs: [{namespaceSelector: {matchLabels: {shared: 'true'}}, scope: GLOBAL}]";
    private const string ByBoth = "serviceScopeConfigs: [{namespaceSelector: {matchLabels: {shared: 'true'}}, servicesSelector: {matchLabels: {istio.io/global: 'true'}}, scope: GLOBAL}]";
    private const string UnlessEither = "serviceScopeConfigs: [{namespaceSelector: {matchExpressions: [{key: istio.io/local, operator: DoesNotExist}]}, servicesSelector: {matchExpressions: [{key: istio.io/local, operator: DoesNotExist}]}, scope: GLOBAL}]";

    [Theory]
    [Trait("behaviour", "CP-95")]
    [InlineData(null, "", "", false)]
    [InlineData(null, "istio.io/global=true", "", true)]
    [InlineData("outboundTrafficPolicy: {mode: ALLOW_ANY}", "istio.io/global=true", "", true)]
    [InlineData(ByService, "", "", false)]
    [InlineData(ByService, "istio.io/global=true", "", true)]
    [InlineData(ByService, "istio.io/global=false", "", false)]
    [InlineData(ByNamespace, "", "istio.io/local=x", false)]
    [InlineData(ByNamespace, "", "", true)]
    [InlineData(ByOptIn, "", "shared=false", false)]
    [InlineData(ByOptIn, "", "shared=true", true)]
    [InlineData(ByBoth, "istio.io/global=true", "shared=true", true)]
    [InlineData(ByBoth, "istio.io/global=true", "", false)]
    [InlineData(UnlessEither, "istio.io/local=x", "", false)]
    [InlineData("serviceScopeConfigs: []", "istio.io/global=true", "", false)]
    [InlineData("serviceScopeConfigs: [{scope: GLOBAL}]", "", "", true)]
    [InlineData("serviceScopeConfigs: [{servicesSelector: {matchLabels: {a: b}}}]", "a=b", "", false)]
    public void Scope_IsWhatMeshConfigSays(string? config, string labels, string namespaceLabels, bool isGlobal)
    {
        Assert.True(ServiceScopes.TryRead(config, out ServiceScopes? scopes, out string? error), error);
        Assert.Equal(isGlobal, scopes.IsGlobal(Map(labels), Map(namespaceLabels)));
    }

    [Theory]
    [InlineData("serviceScopeConfigs: 1", "serviceScopeConfigs: must be a list")]
    [InlineData("serviceScopeConfigs: [1]", "serviceScopeConfigs[0]: must be an object")]
    [InlineData("serviceScopeConfigs: [{scope: EVERYWHERE}]", "serviceScopeConfigs[0].scope: 'EVERYWHERE' is not known; allowed: GLOBAL, LOCAL")]
    [InlineData("serviceScopeConfigs: [{scope: GLOBAL, serviceSelector: {}}]", "serviceScopeConfigs[0].serviceSelector: is not known; allowed: namespaceSelector, servicesSelector, scope")]
    [InlineData("serviceScopeConfigs: [{scope: GLOBAL, servicesSelector: {labels: {}}}]", "serviceScopeConfigs[0].servicesSelector.labels: is not known; allowed: matchLabels, matchExpressions")]
    [InlineData("serviceScopeConfigs: [{scope: GLOBAL, servicesSelector: {matchLabels: {a: [1]}}}]", "serviceScopeConfigs[0].servicesSelector.matchLabels: must be texts by name")]
    [InlineData("serviceScopeConfigs: [{servicesSelector: {matchExpressions: [{key: a, operator: Near}]}}]", "serviceScopeConfigs[0].servicesSelector.matchExpressions: must be a list of key, operator (In, NotIn, Exists, DoesNotExist) and values")]
    [InlineData("{", null)]
    public void BadConfig_NamesTheField(string config, string? expected)
    {
        Assert.False(ServiceScopes.TryRead(config, out ServiceScopes? scopes, out string? error));
        Assert.Null(scopes);
        Assert.Equal(expected ?? error, error);
    }

    /// <summary>Foreign text never throws, and what cannot be read makes nothing global.</summary>
    [Fact]
    public void DamagedConfig_NeverThrows()
    {
        const int Seed = 4711;
        var random = new Random(Seed);
        foreach (string good in new[] { ByService, ByNamespace, ByBoth, UnlessEither })
        {
            for (int round = 0; round < 300; round++)
            {
                char[] text = good.ToCharArray();
                for (int change = random.Next(1, 4); change > 0; change--)
                {
                    text[random.Next(text.Length)] = (char)random.Next(32, 127);
                }

                bool isRead = ServiceScopes.TryRead(new string(text), out ServiceScopes? scopes, out string? error);
                Assert.True(isRead ? scopes is not null && error is null : scopes is null && error is not null, $"seed {Seed}: {new string(text)}");
            }
        }
    }

    private static StringMap Map(string text) => StringMap.Of(text.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(static pair => KeyValuePair.Create(pair.Split('=')[0], pair.Split('=')[1])));
}

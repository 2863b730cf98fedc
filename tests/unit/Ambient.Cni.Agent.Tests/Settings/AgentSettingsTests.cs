using Ambient.Cni.Agent.Installation;
using Ambient.Cni.Agent.Settings;
using Ambient.Cni.Enrolment.Selectors;

namespace Ambient.Cni.Agent.Tests.Settings;

public sealed class AgentSettingsTests
{
    [Fact]
    public void NothingSet_GivesDefaults()
    {
        AgentSettings settings = AgentSettings.Parse(new Dictionary<string, string>(), out IReadOnlyList<string> errors)!;
        Assert.Empty(errors);
        Assert.Equal(("/var/run/istio-cni", "/var/run/ztunnel/ztunnel.sock", "00-ambient-cni.conflist", true), (settings.RunDirectory, settings.ZtunnelSocket, settings.OwnFileName, settings.Strict));
    }

    [Theory]
    [InlineData("true", true)]
    [InlineData("false", false)]
    public void AgentOnTheNodesNetwork_IsWhatThePluginIsTold(string text, bool isOnHostNetwork)
    {
        AgentSettings settings = AgentSettings.Parse(new Dictionary<string, string> { ["AGENT_ON_HOST_NETWORK"] = text, ["MOUNTED_CNI_NET_DIR"] = "/etc/cni/net.d" }, out _)!;
        Assert.Equal(isOnHostNetwork, InstallerOptions.Of(settings)!.IsAgentOnHostNetwork);
    }

    [Theory]
    [InlineData("AMBIENT_DNS_CAPTURE", "yes", "true, false")]
    [InlineData("CNI_AGENT_RUN_DIR", "run", "begins with /")]
    [InlineData("AMBIENT_REDIRECTION", "magic", "translation, sockets")]
    [InlineData("AMBIENT_PROOF_INTERVAL", "0", "1 to 3600")]
    [InlineData("HOST_PROBE_SNAT_IP", "::1", "IPv4")]
    [InlineData("HOST_PROBE_SNAT_IPV6", "fe80::1%eth0", "without a zone")]
    [InlineData("MONITORING_PORT", "70000", "65535")]
    [InlineData("CNI_CONF_NAME", "../x", "without /")]
    [InlineData("AMBIENT_ENABLEMENT_SELECTOR", "podSelector: {}", "a YAML list")]
    [InlineData("AMBIENT_ENABLEMENT_SELECTOR", "- {podSelektor: {}}", "unknown field podSelektor")]
    [InlineData("AMBIENT_ENABLEMENT_SELECTOR", "- podSelector: {matchLabels: {a: 1}}", "matchLabels.a is not a text")]
    [InlineData("AMBIENT_ENABLEMENT_SELECTOR", "- podSelector: {matchExpressions: [{key: a, operator: Is}]}", "In, NotIn, Exists or DoesNotExist")]
    [InlineData("AMBIENT_ENABLEMENT_SELECTOR", "- podSelector: {matchExpressions: [{key: a, operator: In}]}", "In needs values")]
    [InlineData("AMBIENT_ENABLEMENT_SELECTOR", "- podSelector: [", "not YAML")]
    [InlineData("AMBIENT_LOG", "loud", "info")]
    [InlineData("PROBE_MODE", "node-address", "HOST_PROBE_SNAT_IP")]
    public void WrongValue_IsNamed_WithWhatIsAllowed(string name, string value, string allowed)
    {
        Assert.Null(AgentSettings.Parse(new Dictionary<string, string> { [name] = value }, out IReadOnlyList<string> errors));
        string error = Assert.Single(errors);
        Assert.Contains("env var " + (name == "PROBE_MODE" ? "HOST_PROBE_SNAT_IP" : name), error, StringComparison.Ordinal);
        Assert.Contains(allowed, error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", 0, "")]
    [InlineData("[]", 0, "")]
    [InlineData("- {}", 1, "/")]
    [InlineData("- namespaceSelector: {matchLabels: {mesh: 'on', x: y}}", 1, "/mesh In on, x In y")]
    [InlineData("- podSelector:\n    matchLabels: {istio.io/dataplane-mode: ambient}\n- podSelector:\n    matchExpressions:\n    - {key: istio.io/dataplane-mode, operator: NotIn, values: [none]}\n  namespaceSelector:\n    matchLabels: {istio.io/dataplane-mode: ambient}", 2, "istio.io/dataplane-mode In ambient/")]
    [InlineData("[{\"podSelector\":{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"Exists\"}]}}]", 1, "a Exists /")]
    [Trait("behaviour", "CNI-10")]
    [Trait("behaviour", "CNI-11")]
    public void Selectors_AreReadAsUpstreamsChartsWriteThem(string text, int count, string first)
    {
        AgentSettings settings = AgentSettings.Parse(new Dictionary<string, string> { ["AMBIENT_ENABLEMENT_SELECTOR"] = text }, out IReadOnlyList<string> errors)!;
        Assert.Empty(errors);
        Assert.Equal(count, settings.Enrolment.Selectors.Count);
        if (count > 0)
        {
            EnablementSelector pair = settings.Enrolment.Selectors[0];
            Assert.Equal(first, Text(pair.Pod) + "/" + Text(pair.Namespace));
        }
    }

    [Fact]
    public void Selectors_OfUpstreamsDefault_AreOurs()
    {
        const string text = """
            - podSelector: {matchLabels: {istio.io/dataplane-mode: ambient}}
            - podSelector: {matchExpressions: [{key: istio.io/dataplane-mode, operator: NotIn, values: [none]}]}
              namespaceSelector: {matchLabels: {istio.io/dataplane-mode: ambient}}
            """;
        AgentSettings settings = AgentSettings.Parse(new Dictionary<string, string> { ["AMBIENT_ENABLEMENT_SELECTOR"] = text }, out _)!;
        Assert.Equal(EnablementSelector.Defaults.Select(p => Text(p.Pod) + "/" + Text(p.Namespace)), settings.Enrolment.Selectors.Select(p => Text(p.Pod) + "/" + Text(p.Namespace)));
    }

    private static string Text(LabelSelector selector) => string.Join(", ", selector.Expressions.Select(e => $"{e.Key} {e.Operator} {string.Join('|', e.Values)}"));

    [Fact]
    public void AllErrors_AreToldAtOnce_AndBothNamesOfTheOwnFileWork()
    {
        AgentSettings.Parse(new Dictionary<string, string> { ["AMBIENT_IPV6"] = "x", ["AMBIENT_STRICT"] = "x" }, out IReadOnlyList<string> errors);
        Assert.Equal(2, errors.Count);
        AgentSettings settings = AgentSettings.Parse(new Dictionary<string, string> { ["ISTIO_OWNED_CNI_CONF_FILENAME"] = "01-a.conflist", ["EXCLUDE_NAMESPACES"] = "a, b" }, out _)!;
        Assert.Equal(("01-a.conflist", 2), (settings.OwnFileName, settings.Enrolment.ExcludedNamespaces.Count));
    }
}

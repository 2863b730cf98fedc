using Ambient.Cni.Agent.Settings;

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
    [InlineData("AMBIENT_DNS_CAPTURE", "yes", "true, false")]
    [InlineData("CNI_AGENT_RUN_DIR", "run", "begins with /")]
    [InlineData("AMBIENT_REDIRECTION", "magic", "translation, sockets")]
    [InlineData("AMBIENT_PROOF_INTERVAL", "0", "1 to 3600")]
    [InlineData("HOST_PROBE_SNAT_IP", "::1", "IPv4")]
    [InlineData("HOST_PROBE_SNAT_IPV6", "fe80::1%eth0", "without a zone")]
    [InlineData("MONITORING_PORT", "70000", "65535")]
    [InlineData("CNI_CONF_NAME", "../x", "without /")]
    [InlineData("AMBIENT_LOG", "loud", "info")]
    [InlineData("PROBE_MODE", "node-address", "HOST_PROBE_SNAT_IP")]
    public void WrongValue_IsNamed_WithWhatIsAllowed(string name, string value, string allowed)
    {
        Assert.Null(AgentSettings.Parse(new Dictionary<string, string> { [name] = value }, out IReadOnlyList<string> errors));
        string error = Assert.Single(errors);
        Assert.Contains("env var " + (name == "PROBE_MODE" ? "HOST_PROBE_SNAT_IP" : name), error, StringComparison.Ordinal);
        Assert.Contains(allowed, error, StringComparison.Ordinal);
    }

    [Fact]
    public void AllErrors_AreToldAtOnce_AndBothNamesOfTheOwnFileWork()
    {
        AgentSettings.Parse(new Dictionary<string, string> { ["AMBIENT_IPV6"] = "x", ["AMBIENT_STRICT"] = "x" }, out IReadOnlyList<string> errors);
        Assert.Equal(2, errors.Count);
        AgentSettings settings = AgentSettings.Parse(new Dictionary<string, string> { ["ISTIO_OWNED_CNI_CONF_FILENAME"] = "01-a.conflist", ["EXCLUDE_NAMESPACES"] = "a, b" }, out _)!;
        Assert.Equal(("01-a.conflist", 2), (settings.OwnFileName, settings.Enrolment.ExcludedNamespaces.Count));
    }
}

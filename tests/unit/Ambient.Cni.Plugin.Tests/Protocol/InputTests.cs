using System.Text;

namespace Ambient.Cni.Plugin.Tests.Protocol;

/// <summary>Standard input and environment from runtimes that are wrong.</summary>
public sealed class InputTests
{
    [Theory]
    [InlineData("", 6)]
    [InlineData("garbage", 6)]
    [InlineData("[]", 6)]
    [InlineData("null", 6)]
    [InlineData("\"x\"", 6)]
    [InlineData("{\"cniVersion\":\"1.0.0\"", 6)]
    [InlineData("{\"cniVersion\":\"1.0.0\"} x", 6)]
    [InlineData("{}", 1)]
    [InlineData("{\"cniVersion\":null}", 1)]
    [InlineData("{\"cniVersion\":1}", 7)]
    [InlineData("{\"cniVersion\":\"\\ud800\"}", 7)]
    public void Garbage_IsAnError_OfItsKind(string input, int code)
    {
        PluginRun run = PluginRun.Of("ADD", input);
        Assert.Equal((1, code, "1.1.0"), (run.ExitCode, run.Code, run.Json.GetProperty("cniVersion").GetString()));
        Assert.Empty(run.Sandboxes.Done);
    }

    [Fact]
    public void TruncatedConfiguration_IsNeverTaken()
    {
        byte[] whole = Encoding.UTF8.GetBytes(PluginRun.Configuration("/nowhere", ",\"ambient_enabled\":false"));
        Assert.Equal(0, PluginRun.Of("ADD", whole).ExitCode);
        for (int length = 0; length < whole.Length; length++)
        {
            Assert.Equal(6, PluginRun.Of("ADD", whole[..length]).Code);
        }
    }

    [Fact]
    public void DeepConfiguration_IsAnError()
    {
        string deep = "{\"cniVersion\":\"1.0.0\",\"x\":" + new string('[', 100_000) + new string(']', 100_000) + "}";
        Assert.Equal(6, PluginRun.Of("ADD", deep).Code);
    }

    [Fact]
    public void EndlessConfiguration_IsAnError() => Assert.Equal(6, PluginRun.Of("ADD", new byte[2 * 1024 * 1024]).Code);

    [Theory]
    [InlineData(",\"cni_agent_run_dir\":\"/run/../etc\"", "cni_agent_run_dir")]
    [InlineData(",\"cni_agent_run_dir\":\"run\"", "cni_agent_run_dir")]
    [InlineData(",\"cni_agent_run_dir\":7", "cni_agent_run_dir")]
    [InlineData(",\"ambient_enabled\":\"yes\"", "ambient_enabled")]
    [InlineData(",\"exclude_namespaces\":\"kube-system\"", "exclude_namespaces")]
    [InlineData(",\"exclude_namespaces\":[7]", "exclude_namespaces")]
    [InlineData(",\"pod_namespace\":{}", "pod_namespace")]
    [InlineData(",\"agent_on_host_network\":1", "agent_on_host_network")]
    [InlineData(",\"agent_wire\":\"else\"", "agent_wire")]
    [InlineData(",\"prevResult\":[]", "prevResult")]
    [InlineData(",\"prevResult\":\"x\"", "prevResult")]
    [InlineData(",\"prevResult\":{\"ips\":{}}", "prevResult.ips")]
    [InlineData(",\"prevResult\":{\"ips\":[7]}", "prevResult.ips[].address")]
    [InlineData(",\"prevResult\":{\"ips\":[{}]}", "prevResult.ips[].address")]
    [InlineData(",\"prevResult\":{\"ips\":[{\"address\":\"10.0.0.1\"}]}", "prevResult.ips[].address")]
    [InlineData(",\"prevResult\":{\"ips\":[{\"address\":\"10.1/8\"}]}", "prevResult.ips[].address")]
    [InlineData(",\"prevResult\":{\"ips\":[{\"address\":\"10.0.0.1/33\"}]}", "prevResult.ips[].address")]
    [InlineData(",\"prevResult\":{\"ips\":[{\"address\":\"fe80::1%eth0/64\"}]}", "prevResult.ips[].address")]
    public void WrongFields_AreNamed(string more, string field)
    {
        PluginRun run = PluginRun.Of("ADD", PluginRun.Configuration("/nowhere", more, previous: null));
        Assert.Equal(7, run.Code);
        Assert.Contains($"field {field} of", run.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void FieldsOfOthers_AreNotLookedAt() =>
        Assert.Equal(0, PluginRun.Of("ADD", PluginRun.Configuration("/nowhere", ",\"ambient_enabled\":false,\"enablement_selectors\":7,\"ipam\":[],\"plugin_log_level\":{},\"runtimeConfig\":null,\"\\ud800\":\"\\ud800\"")).ExitCode);

    [Theory]
    [InlineData("CNI_CONTAINERID", null)]
    [InlineData("CNI_CONTAINERID", "../x")]
    [InlineData("CNI_CONTAINERID", "a b")]
    [InlineData("CNI_IFNAME", null)]
    [InlineData("CNI_IFNAME", "an-interface-name-too-long")]
    [InlineData("CNI_IFNAME", "eth0/../x")]
    [InlineData("CNI_IFNAME", "..")]
    [InlineData("CNI_NETNS", null)]
    [InlineData("CNI_NETNS", "netns/x")]
    [InlineData("CNI_NETNS", "/run/netns/../../proc/1/ns/net")]
    [InlineData("CNI_NETNS", "/run/./netns/x")]
    [InlineData("CNI_NETNS", "/run/netns/x\u0001")]
    [InlineData("CNI_ARGS", "K8S_POD_NAME")]
    [InlineData("CNI_ARGS", "=x")]
    [InlineData("CNI_ARGS", "K8S_POD_NAME=a")]
    [InlineData("CNI_ARGS", "K8S_POD_NAMESPACE=b")]
    [InlineData("CNI_ARGS", "K8S_POD_NAME=a/../b;K8S_POD_NAMESPACE=b")]
    [InlineData("CNI_ARGS", "K8S_POD_NAME=a;K8S_POD_NAMESPACE=b;K8S_POD_UID=\u0000")]
    public void WrongVariables_AreNamed_AndMeanNo(string variable, string? value)
    {
        PluginRun run = PluginRun.Of("ADD", PluginRun.Configuration("/nowhere"), null, (variable, value));
        Assert.Equal(4, run.Code);
        Assert.Contains(variable, run.Message, StringComparison.Ordinal);
        Assert.Empty(run.Sandboxes.Done);
    }

    [Theory]
    [InlineData("{}", "{\"cniVersion\":\"1.0.0\"}")]
    [InlineData("{ \"ips\":[]}", "{\"cniVersion\":\"1.0.0\", \"ips\":[]}")]
    [InlineData("{\"cniVersion\":\"0.4.0\",\"ips\":[{\"version\":\"4\",\"address\":\"10.0.0.2/8\"}]}", "{\"cniVersion\":\"0.4.0\",\"ips\":[{\"version\":\"4\",\"address\":\"10.0.0.2/8\"}]}")]
    [InlineData("{\"cniVersion\":\"1.0.0\",\"a\":\"\\ud800\",\"a\":1.10,\"\u00e4\":-0.0E+9}", "{\"cniVersion\":\"1.0.0\",\"a\":\"\\ud800\",\"a\":1.10,\"\u00e4\":-0.0E+9}")]
    [InlineData("null", "{\"cniVersion\":\"1.0.0\"}\n")]
    public void PreviousResult_IsHandedOnAsItCame(string previous, string expected) =>
        Assert.Equal(expected, PluginRun.Of("ADD", PluginRun.Configuration("/nowhere", ",\"ambient_enabled\":false", previous: previous)).Output);

    [Fact]
    public void MutatedInput_EndsWithOneDocument_AndNeverLetsAPodPassUnasked()
    {
        byte[] whole = Encoding.UTF8.GetBytes(PluginRun.Configuration("/nowhere"));
        for (int seed = 0; seed < 3000; seed++)
        {
            var random = new Random(seed);
            byte[] bytes = [.. whole];
            for (int i = 0; i < 1 + random.Next(4); i++)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            PluginRun run = PluginRun.Of("ADD", random.Next(4) == 0 ? bytes[..random.Next(bytes.Length)] : bytes);
            Assert.True(run.ExitCode == 1, $"seed {seed}: {run.Output}");
            Assert.True(run.Json.GetProperty("code").GetInt32() is 1 or 4 or 6 or 7 or 11, $"seed {seed}: {run.Output}");
        }
    }

    [Fact]
    public void RandomEnvironment_NeverThrows()
    {
        string[] names = ["CNI_COMMAND", "CNI_CONTAINERID", "CNI_IFNAME", "CNI_NETNS", "CNI_ARGS"];
        const string alphabet = "AD/.=;K8S_POD_NAMEx\u0000\n\ud800\u00e4";
        for (int seed = 0; seed < 3000; seed++)
        {
            var random = new Random(seed);
            string value = new([.. Enumerable.Range(0, random.Next(40)).Select(_ => alphabet[random.Next(alphabet.Length)])]);
            PluginRun run = PluginRun.Of("ADD", PluginRun.Configuration("/nowhere"), null, (names[random.Next(names.Length)], value));
            Assert.True(run.ExitCode == 1 ? run.Code is 4 or 11 : run.Output == PluginRun.Previous, $"seed {seed}: {run.Output}");
        }
    }
}

using System.Text;
using System.Text.Json;

namespace Ambient.Cni.Plugin.Tests;

/// <summary>One run of the plugin in this process, and what came out of it.</summary>
internal sealed record PluginRun(int ExitCode, string Output, string Errors, FakeSandboxes Sandboxes)
{
    public const string Pod = "IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=web-1;K8S_POD_INFRA_CONTAINER_ID=c1;K8S_POD_UID=u-1";

    private static readonly PluginTimings Short = new() { Verdict = TimeSpan.FromMilliseconds(300), Absence = TimeSpan.Zero, Courtesy = TimeSpan.FromMilliseconds(300) };

    /// <summary>The error's number; null without one.</summary>
    public int? Code => ExitCode == 0 ? null : Json.GetProperty("code").GetInt32();

    /// <summary>The error's text.</summary>
    public string Message => Json.GetProperty("msg").GetString()!;

    public JsonElement Json
    {
        get
        {
            using JsonDocument document = JsonDocument.Parse(Output);
            return document.RootElement.Clone();
        }
    }

    public static PluginRun Of(string command, string input, FakeSandboxes? sandboxes = null, params (string Name, string? Value)[] variables) =>
        Of(command, Encoding.UTF8.GetBytes(input), sandboxes, variables);

    public static PluginRun Of(string command, byte[] input, FakeSandboxes? sandboxes = null, params (string Name, string? Value)[] variables)
    {
        Dictionary<string, string?> environment = new(StringComparer.Ordinal)
        {
            ["CNI_COMMAND"] = command,
            ["CNI_CONTAINERID"] = "c1",
            ["CNI_IFNAME"] = "eth0",
            ["CNI_NETNS"] = "/run/netns/web",
            ["CNI_PATH"] = "/opt/cni/bin",
            ["CNI_ARGS"] = Pod,
        };
        foreach ((string name, string? value) in variables)
        {
            environment[name] = value;
        }

        sandboxes ??= new FakeSandboxes();
        using var output = new MemoryStream();
        using var errors = new MemoryStream();
        using var stdin = new MemoryStream(input);
        int exitCode = new CniPlugin(environment.GetValueOrDefault, sandboxes, Short, TimeProvider.System).Run(stdin, output, errors);
        return new PluginRun(exitCode, Encoding.UTF8.GetString(output.ToArray()), Encoding.UTF8.GetString(errors.ToArray()), sandboxes);
    }

    /// <summary>A configuration with a result of version 1.0.0; more fields can be put in.</summary>
    public static string Configuration(string runDirectory, string more = "", string version = "1.0.0", string? previous = Previous) =>
        $$"""{"cniVersion":"{{version}}","name":"net","type":"ambient-cni","cni_agent_run_dir":"{{runDirectory}}","pod_namespace":"istio-system","exclude_namespaces":["kube-system"]{{more}}{{(previous is null ? "" : ",\"prevResult\":" + previous)}}}""";

    public const string Previous = """{ "cniVersion":"1.0.0", "ips":[{"address":"10.1.0.5/24","gateway":"10.1.0.1","interface":0},{"address":"fd00::5/64"}], "dns":{}, "future":[1.50, 1e400, "\u00e4\/"] }""";
}

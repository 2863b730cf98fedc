using System.Diagnostics;
using System.Text.Json.Nodes;

namespace Ambient.Testing.Cni;

/// <summary>
/// A container runtime as far as CNI goes: starts the plugins of a list one after the other in a node's namespace and hands each the result of the one
/// before (CNI specification, section 4), as libcni does. Thread-safe.
/// </summary>
public sealed class CniChain(string nodeNamespace, string plugin, string runDirectory, string dataDirectory)
{
    private const string Version = "1.0.0";
    private const string Foreign = "/usr/lib/cni/";

    /// <summary>The list: bridge with host-local addresses, port mappings, then ours.</summary>
    private JsonObject[] Plugins =>
    [
        JsonNode.Parse($$$"""
            {"type":"bridge","bridge":"cni0","isGateway":true,"ipMasq":false,"ipam":{"type":"host-local","dataDir":"{{{dataDirectory}}}","ranges":[[{"subnet":"10.77.0.0/16"}]],"routes":[{"dst":"0.0.0.0/0"}]}}
            """)!.AsObject(),
        JsonNode.Parse("""{"type":"portmap","capabilities":{"portMappings":true}}""")!.AsObject(),
        JsonNode.Parse($$"""
            {"type":"ambient-cni","ambient_enabled":true,"cni_agent_run_dir":"{{runDirectory}}","exclude_namespaces":["kube-system"],"plugin_log_level":"info","pod_namespace":"istio-system"}
            """)!.AsObject(),
    ];

    /// <summary>The whole chain; the last result, or the first failure.</summary>
    public async Task<CniResult> AddAsync(string network, string pod, string ns)
    {
        CniResult last = await AddForeignAsync(network, pod, ns);
        return last.ExitCode == 0 ? await RunAsync("ADD", 2, network, pod, ns, last.Json) : last;
    }

    /// <summary>Everything but ours.</summary>
    public async Task<CniResult> AddForeignAsync(string network, string pod, string ns)
    {
        CniResult bridge = await RunAsync("ADD", 0, network, pod, ns, null);
        return bridge.ExitCode == 0 ? await RunAsync("ADD", 1, network, pod, ns, bridge.Json) : bridge;
    }

    /// <summary>One operation of ours alone.</summary>
    public Task<CniResult> OursAsync(string command, string network, string pod, string ns, JsonNode? previous) => RunAsync(command, 2, network, pod, ns, previous);

    /// <summary>The whole chain backwards; every result.</summary>
    public async Task<IReadOnlyList<CniResult>> DeleteAsync(string network, string pod, string ns, JsonNode? previous)
    {
        List<CniResult> results = [];
        for (int i = Plugins.Length - 1; i >= 0; i--)
        {
            results.Add(await RunAsync("DEL", i, network, pod, ns, previous));
        }

        return results;
    }

    /// <summary>Starts a program that does nothing in the place of a plugin: what of each operation's time is its start alone.</summary>
    public async Task<TimeSpan> NothingAsync() => (await StartAsync("true", new ProcessStartInfo(), "")).Elapsed;

    private async Task<CniResult> RunAsync(string command, int index, string network, string pod, string ns, JsonNode? previous)
    {
        JsonObject entry = Plugins[index];
        string type = (string)entry["type"]!;
        (entry["name"], entry["cniVersion"]) = ("pods", Version);
        if (previous is not null)
        {
            entry["prevResult"] = previous.DeepClone();
        }

        var start = new ProcessStartInfo();
        start.Environment["CNI_COMMAND"] = command;
        start.Environment["CNI_CONTAINERID"] = "sandbox-" + pod;
        start.Environment["CNI_NETNS"] = "/run/netns/" + network;
        start.Environment["CNI_IFNAME"] = "eth0";
        start.Environment["CNI_PATH"] = Foreign;
        start.Environment["CNI_ARGS"] = $"IgnoreUnknown=1;K8S_POD_NAMESPACE={ns};K8S_POD_NAME={pod};K8S_POD_INFRA_CONTAINER_ID=sandbox-{pod};K8S_POD_UID=uid-{pod}";
        return await StartAsync(index == 2 ? plugin : Foreign + type, start, entry.ToJsonString());
    }

    private async Task<CniResult> StartAsync(string program, ProcessStartInfo start, string input)
    {
        start.FileName = "ip";
        foreach (string word in (string[])["netns", "exec", nodeNamespace, program])
        {
            start.ArgumentList.Add(word);
        }

        (start.RedirectStandardInput, start.RedirectStandardOutput, start.RedirectStandardError) = (true, true, true);
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        long started = Stopwatch.GetTimestamp();
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(deadline.Token), errors = process.StandardError.ReadToEndAsync(deadline.Token);
        await process.StandardInput.WriteAsync(input.AsMemory(), deadline.Token);
        process.StandardInput.Close();
        await process.WaitForExitAsync(deadline.Token);
        return new CniResult(Path.GetFileName(program), process.ExitCode, await output, await errors, Stopwatch.GetElapsedTime(started));
    }
}

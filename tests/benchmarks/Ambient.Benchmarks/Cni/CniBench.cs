using System.Diagnostics;
using System.Globalization;
using Ambient.Testing.Cni;
using Ambient.Testing.Networks;
using Ambient.Testing.Waiting;
using Ambient.Topology.Networks;
using Ambient.Topology.Processes;

namespace Ambient.Benchmarks.Cni;

/// <summary>
/// Starts our plugin beside the reference plugins, and makes pods through the whole chain with agent and ztunnel: what ours adds to each. Everything is
/// measured in one run, interleaved, because machines differ and are busy.
/// </summary>
internal static class CniBench
{
    private const int Starts = 60;
    private const string Bridge = "/usr/lib/cni/bridge";

    /// <summary>Measures and prints a table.</summary>
    public static async Task<int> RunAsync(CniOptions options)
    {
        Console.WriteLine("| | median ms | min | p95 |\n|---|---|---|---|");
        (string Name, string Program)[] programs =
        [
            ("start: an empty program (/bin/true)", "/bin/true"),
            ("start: bridge", Bridge),
            ("start: ambient-cni", options.Plugin),
            .. options.Trimmed is null ? Array.Empty<(string, string)>() : [("start: ambient-cni, one trimmed file", options.Trimmed)],
        ];
        List<double>[] starts = [.. programs.Select(_ => new List<double>())];
        for (int round = 0; round < Starts; round++)
        {
            for (int i = 0; i < programs.Length; i++)
            {
                starts[i].Add(await VersionAsync(programs[i].Program));
            }
        }

        for (int i = 0; i < programs.Length; i++)
        {
            Print(programs[i].Name, starts[i]);
        }

        await MakePodsAsync(options);
        return 0;
    }

    private static async Task MakePodsAsync(CniOptions options)
    {
        await using var network = new TestNetwork();
        VirtualNode node = network.AddNode("node1");
        string run = Path.Combine(network.Directory, "run"), zds = Path.Combine(network.Directory, "zds"), manifests = Path.Combine(network.Directory, "manifests");
        Directory.CreateDirectory(manifests);
        File.WriteAllText(Path.Combine(manifests, "pods.yaml"), "kind: Namespace\nmetadata: {name: shop, labels: {istio.io/dataplane-mode: ambient}}\n" + string.Concat(Enumerable.Range(0, options.Pods).Select(i =>
            $"---\nkind: Pod\nmetadata: {{name: p{i}, namespace: shop, uid: uid-p{i}}}\nspec: {{serviceAccountName: p{i}}}\nstatus: {{phase: Pending}}\n")));
        string model = Path.Combine(network.Directory, "mesh.yaml");
        File.WriteAllText(model, "services: []\npolicies: []\nworkloads: []\n");
        Start(network, node, "ztunnel", options.Ztunnel, ("FAKE_CA", "true"), ("FAKE_CA_DIR", Path.Combine(network.Directory, "ca")), ("XDS_ADDRESS", ""), ("LOCAL_XDS_PATH", model), ("PROXY_MODE", "shared"), ("INPOD_UDS", zds), ("PACKET_MARK", "1337"), ("IPV6_ENABLED", "false"), ("RUST_LOG", "warn"));
        Peer agent = Start(network, node, "agent", options.Agent, ("AMBIENT_MANIFEST_DIR", manifests), ("AMBIENT_STATUS_DIR", Path.Combine(network.Directory, "status")), ("CNI_AGENT_RUN_DIR", run), ("ZTUNNEL_UDS_ADDRESS", zds), ("AMBIENT_INSTALL", "false"), ("AMBIENT_IPV6", "false"));
        await Eventually.TrueAsync(async () => (await Command.RunInAsync(node.NamespaceName, "curl", ["-sf", "http://127.0.0.1:8000/readyz"])).ExitCode == 0, TimeSpan.FromSeconds(60));

        var chain = new CniChain(node.NamespaceName, options.Plugin, run, Path.Combine(network.Directory, "ipam"));
        List<double> before = [], ours = [];
        for (int i = 0; i < options.Pods; i++)
        {
            string pod = string.Create(CultureInfo.InvariantCulture, $"p{i}"), name = network.NameOf(pod);
            Command.Run("ip", ["netns", "add", name]).OrThrow();
            Command.Run("ip", ["-n", name, "link", "set", "lo", "up"]).OrThrow();
            long started = Stopwatch.GetTimestamp();
            CniResult made = (await chain.AddForeignAsync(name, pod, "shop")).OrFail();
            before.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
            ours.Add((await chain.OursAsync("ADD", name, pod, "shop", made.Json)).OrFail().Elapsed.TotalMilliseconds);
        }

        // Both are started by `ip netns exec`, which costs as much as an empty program twice.
        Print("ADD: bridge, host-local, portmap", before);
        Print("ADD: ours, until the pod is proven", ours);
        string memory = File.ReadLines($"/proc/{agent.Process.Id}/status").First(l => l.StartsWith("VmRSS", StringComparison.Ordinal));
        Console.WriteLine($"\nNode agent with {options.Pods} pods: {memory}");
    }

    private static Peer Start(TestNetwork network, VirtualNode node, string name, string program, params (string Name, string Value)[] environment) => network.Start(new ProcessPlan(name, program)
    {
        NamespaceName = node.NamespaceName,
        LogPath = Path.Combine(network.Directory, name + ".log"),
        Environment = environment.ToDictionary(v => v.Name, v => v.Value, StringComparer.Ordinal),
    });

    private static async Task<double> VersionAsync(string program)
    {
        var start = new ProcessStartInfo(program) { RedirectStandardInput = true, RedirectStandardOutput = true };
        start.Environment["CNI_COMMAND"] = "VERSION";
        long started = Stopwatch.GetTimestamp();
        using Process process = Process.Start(start)!;
        try
        {
            await process.StandardInput.WriteAsync("{\"cniVersion\":\"1.0.0\"}");
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // An empty program does not read.
        }

        _ = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return Stopwatch.GetElapsedTime(started).TotalMilliseconds;
    }

    private static void Print(string name, List<double> values)
    {
        values.Sort();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {name} | {values[values.Count / 2]:0.0} | {values[0]:0.0} | {values[values.Count * 95 / 100]:0.0} |"));
    }
}

using Ambient.Topology.Captures;
using Ambient.Topology.Processes;

namespace Ambient.Cli.Sandbox;

/// <summary>The demo: real applications in pods on two nodes, each promise shown and checked.</summary>
internal sealed class Demo(DemoMesh mesh, DemoReport report, string ztunnel)
{
    private const string Marker = "this-must-never-be-seen-on-the-wire";
    private const string WebName = "http://web.shop.svc.cluster.local/";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>Runs all checks in order.</summary>
    public async Task RunAsync()
    {
        await report.CheckAsync("DNS answers for service names inside the pod", ResolveAsync);
        await report.CheckAsync("traffic by service name reaches both versions", BothVersionsAsync);
        await report.CheckAsync("traffic by service address (VIP)", () => CurlAsync($"http://{SandboxModel.WebAddress}/", "sees"));
        await report.CheckAsync("traffic by pod address", () => CurlAsync($"http://{mesh.WebV1.Address}:8080/", "v1 sees"));
        await report.CheckAsync("the server sees the client's real address", () => CurlAsync(WebName, "sees " + mesh.Client.Address));
        await report.CheckAsync("between the nodes there is only TLS on 15008", OnlyTlsAsync);
        await report.CheckAsync("both identities are in the access log", IdentitiesAsync);
        await report.CheckAsync("PERMISSIVE: a pod outside the mesh is admitted", () => OutsiderAsync(admitted: true));
        mesh.Model.SetPolicy("strict", "Deny", "[[[{notPrincipals: [!Presence []]}]]]");
        mesh.Model.Write();
        await report.CheckAsync("STRICT: the pod outside the mesh is refused, live", () => OutsiderAsync(admitted: false));
        await report.CheckAsync("STRICT: the mesh goes on", () => CurlAsync(WebName, "sees"));
        await report.CheckAsync("a policy by service account denies, live, and cuts an open connection", CutAsync);
        mesh.Model.SetPolicy("shop-only", "Allow", "[[[{namespaces: [!Exact shop]}]]]");
        mesh.Model.Write();
        await report.CheckAsync("a policy by namespace allows", () => RedisAsync("PONG"));
        await report.CheckAsync("… and refuses who has no identity", () => OutsiderAsync(admitted: false));
        mesh.Model.SetPolicy(null);
        mesh.Model.Remove(mesh.WebV1);
        mesh.Model.Write();
        await report.CheckAsync("a pod that is gone drops out of balancing", OnlySecondAsync);
        await report.CheckAsync("a killed ztunnel, restarted, serves its pods again", RestartAsync);
        await report.CheckAsync("metrics show it", MetricsAsync);
    }

    private async Task<(bool Holds, string Seen)> ResolveAsync()
    {
        string output = (await Command.RunInAsync(mesh.Client, "getent", "ahostsv4", "web.shop.svc.cluster.local")).Text;
        return (output.Contains(SandboxModel.WebAddress, StringComparison.Ordinal), $"getent ahostsv4 web.shop.svc.cluster.local → {First(output)}");
    }

    private async Task<(bool Holds, string Seen)> BothVersionsAsync()
    {
        HashSet<string> versions = [];
        for (int i = 0; i < 40 && versions.Count < 2; i++)
        {
            string output = (await GetAsync(WebName)).Output;
            if (output.Length > 1)
            {
                versions.Add(output[..2]);
            }
        }

        return (versions.SetEquals(["v1", "v2"]), $"curl {WebName} → {string.Join(", ", versions.Order())}");
    }

    private async Task<(bool Holds, string Seen)> CurlAsync(string url, string expected)
    {
        CommandResult result = await GetAsync(url);
        return (result.Output.Contains(expected, StringComparison.Ordinal), $"curl {url} → {First(result.Text)}");
    }

    private Task<CommandResult> GetAsync(string url) => Command.RunInAsync(mesh.Client, "curl", "-sS", "-m", "5", url);

    private async Task<(bool Holds, string Seen)> OnlyTlsAsync()
    {
        await using PacketCapture capture = await PacketCapture.StartAsync(mesh.Nodes[1].NamespaceName, "eth0", mesh.Directory, "wire", "tcp");
        for (int i = 0; i < 5; i++)
        {
            await Command.RunInAsync(mesh.Client, "curl", "-s", "-m", "5", "-H", "X-Marker: " + Marker, WebName);
        }

        IReadOnlyList<CapturedPacket> packets = await capture.StopAsync();
        int foreign = packets.Count(p => !p.HasPort(15008));
        int seen = PacketCapture.Containing(packets, Marker).Count;
        return (packets.Count > 0 && foreign == 0 && seen == 0, $"{packets.Count} packets between the nodes, {foreign} not on 15008, {seen} with the plaintext marker");
    }

    private Task<(bool Holds, string Seen)> IdentitiesAsync() => EventuallyAsync(() =>
    {
        string? line = mesh.ReadZtunnelLog(mesh.Nodes[1]).Split('\n').LastOrDefault(l => l.Contains("connection complete", StringComparison.Ordinal) && l.Contains("sa/web", StringComparison.Ordinal));
        bool both = line is not null && line.Contains("src.identity=\"spiffe://cluster.local/ns/shop/sa/client\"", StringComparison.Ordinal) && line.Contains("dst.identity=\"spiffe://cluster.local/ns/shop/sa/web\"", StringComparison.Ordinal);
        return Task.FromResult((both, line ?? "no line yet"));
    });

    private Task<(bool Holds, string Seen)> OutsiderAsync(bool admitted) => EventuallyAsync(async () =>
    {
        CommandResult result = await Command.RunInAsync(mesh.Outsider, "curl", "-sS", "-m", "3", $"http://{mesh.WebV2.Address}:8080/");
        return (result.Succeeded == admitted, $"outsider: curl http://{mesh.WebV2.Address}:8080/ → {First(result.Text)}");
    });

    private Task<(bool Holds, string Seen)> RedisAsync(string expected) => EventuallyAsync(async () =>
    {
        CommandResult result = await Command.RunInAsync(mesh.Client, "timeout", "3", "redis-cli", "-h", mesh.Redis.Address.ToString(), "PING");
        return (result.Text.Contains(expected, StringComparison.Ordinal), $"redis-cli PING → {First(result.Text)}");
    });

    private async Task<(bool Holds, string Seen)> CutAsync()
    {
        // Bash's own TCP: the line appears when Redis' side of the connection ends.
        string script = $"exec 3<>/dev/tcp/{mesh.Redis.Address}/6379 && echo 'PING' >&3 && head -1 <&3 && cat <&3; echo cut";
        RunningProcess open = mesh.Start(new ProcessPlan("open-connection", "bash", "-c", script) { NamespaceName = mesh.Client.NamespaceName, LogPath = Path.Combine(mesh.Directory, "open-connection.log") });
        await open.WaitForLineAsync("PONG", Patience);
        mesh.Model.SetPolicy("no-client", "Deny", "[[[{principals: [!Exact cluster.local/ns/shop/sa/client]}]]]");
        long start = TimeProvider.System.GetTimestamp();
        mesh.Model.Write();
        await open.WaitForLineAsync("cut", Patience);
        double milliseconds = TimeProvider.System.GetElapsedTime(start).TotalMilliseconds;
        (bool served, string seen) = await CurlAsync(WebName, "sees");
        return (!served, $"the open connection ended {milliseconds:0} ms after the policy was written; a new one: {seen}");
    }

    private Task<(bool Holds, string Seen)> OnlySecondAsync() => EventuallyAsync(async () =>
    {
        List<string> answers = [];
        for (int i = 0; i < 10; i++)
        {
            answers.Add(First((await GetAsync(WebName)).Text));
        }

        return (answers.TrueForAll(a => a.StartsWith("v2", StringComparison.Ordinal)), $"10 requests → {string.Join(", ", answers.GroupBy(a => a.Split(' ')[0]).Select(g => $"{g.Count()}× {g.Key}"))}");
    });

    private async Task<(bool Holds, string Seen)> RestartAsync()
    {
        await mesh.KillZtunnelAsync(mesh.Nodes[1]);
        long start = TimeProvider.System.GetTimestamp();
        await mesh.StartZtunnelAsync(mesh.Nodes[1], ztunnel);
        (bool works, string seen) = await EventuallyAsync(() => CurlAsync(WebName, "v2 sees"));
        return (works, $"SIGKILL, then {TimeProvider.System.GetElapsedTime(start).TotalMilliseconds:0} ms until traffic flows: {seen}");
    }

    private async Task<(bool Holds, string Seen)> MetricsAsync()
    {
        CommandResult result = await Command.RunInAsync(mesh.Nodes[0].NamespaceName, "curl", ["-s", "-m", "3", "http://127.0.0.1:15020/metrics"]);
        string? line = result.Output.Split('\n').FirstOrDefault(l => l.StartsWith("istio_tcp_connections_opened_total", StringComparison.Ordinal) && l.Contains("mutual_tls", StringComparison.Ordinal) && l.Contains("web.shop.svc", StringComparison.Ordinal));
        return (line is not null, line is null ? "no sample" : "istio_tcp_connections_opened_total{…mutual_tls…} " + line[(line.LastIndexOf(' ') + 1)..]);
    }

    private static async Task<(bool Holds, string Seen)> EventuallyAsync(Func<Task<(bool Holds, string Seen)>> check)
    {
        long start = TimeProvider.System.GetTimestamp();
        while (true)
        {
            (bool holds, string seen) = await check();
            if (holds || TimeProvider.System.GetElapsedTime(start) > Patience)
            {
                return (holds, seen);
            }
        }
    }

    private static string First(string text) => text.Trim().Split('\n')[0];
}

using System.Net.Sockets;
using System.Text.Json;
using Ambient.Component.Tests.Ztunnel;
using Ambient.Testing.Facts;
using Ambient.Topology.Networks;
using Ambient.Topology.Processes;

namespace Ambient.Component.Tests.Operators;

/// <summary>ambientctl, as a program, beside real ztunnels.</summary>
public sealed class OperatorToolTests
{
    private const string Policies = "[{name: clients, namespace: bench, scope: WorkloadSelector, action: Allow, rules: [[[{principals: [!Exact cluster.local/ns/bench/sa/nobody]}]], [[{principals: [!Exact cluster.local/ns/bench/sa/client]}], [{destinationPorts: [9000]}]]]}]";

    [RequiresToolFact("nft", root: true)]
    public async Task ZtunnelConfig_ShowsWhatTheProxyKnows()
    {
        await using MeshPair mesh = await MeshPair.StartSharedAsync(new MeshPlan { Policies = Policies, ServerPolicies = "[bench/clients]" });
        using Socket listener = MeshPair.Listen(mesh.Server);
        using Socket client = MeshPair.Connect(mesh.Client, MeshPair.Service);
        using Socket server = await MeshPair.AcceptAsync(listener);
        VirtualNode node = mesh.Client.Node;

        string workloads = (await RunAsync(node, "ztunnel-config", "workload")).Output;
        Assert.Matches(@"(?m)^bench\s+client\s+" + mesh.Client.Address + @"\s+-\s+None\s+HBONE$", workloads);
        Assert.Matches(@"(?m)^bench\s+cart\s+10\.96\.0\.10\s+None\s+1/1$", (await RunAsync(node, "ztunnel-config", "service")).Output);
        Assert.Matches(@"(?m)^bench\s+clients\s+Allow\s+WorkloadSelector$", (await RunAsync(node, "ztunnel-config", "policy")).Output);
        Assert.Matches(@"(?m)^spiffe://cluster\.local/ns/bench/sa/client\s+Leaf\s+Available\s+true\s+\d+", (await RunAsync(node, "ztunnel-config", "certificate")).Output);
        string connections = (await RunAsync(node, "ztunnel-config", "connections")).Output;
        Assert.Matches(@"(?m)^client\.bench\s+Outbound\s+" + mesh.Client.Address + @":\d+\s+" + mesh.Server.Address + @":15008\s+10\.96\.0\.10:9000\s+HBONE$", connections);
        Assert.Matches(@"(?m)^server\.bench\s+Inbound\s+" + mesh.Server.Address + @":9000\s", connections);

        using var json = JsonDocument.Parse((await RunAsync(node, "ztunnel-config", "workload", "--workload-namespace", "mesh", "-o", "json")).Output);
        Assert.Equal("ztunnel", Assert.Single(json.RootElement.EnumerateArray()).GetProperty("name").GetString());
        CommandResult check = await RunAsync(node, "check");
        Assert.True(check.ExitCode == 0 && check.Output.Contains("2 are served", StringComparison.Ordinal), check.Text);
    }

    [RequiresToolFact("nft", root: true)]
    public async Task Explain_SaysWhatTheProxiesDo()
    {
        await using MeshPair mesh = await MeshPair.StartSharedAsync(new MeshPlan { Policies = Policies, ServerPolicies = "[bench/clients]" });
        using Socket listener = MeshPair.Listen(mesh.Server);
        using Socket other = MeshPair.Listen(mesh.Server, port: 9001);
        VirtualNode node = mesh.Client.Node;

        CommandResult allowed = await RunAsync(node, "explain", "--from", "bench/client", "--to", "cart.bench");
        Assert.True(allowed.ExitCode == 0, allowed.Text);
        Assert.Contains("bench/clients rule 2", allowed.Output, StringComparison.Ordinal);
        using Socket client = MeshPair.Connect(mesh.Client, MeshPair.Service);
        using Socket served = await MeshPair.AcceptAsync(listener);

        CommandResult denied = await RunAsync(node, "explain", "--from", "bench/client", "--to", mesh.Server.Address.ToString(), "--port", "9001");
        Assert.True(denied.ExitCode == 1 && denied.Output.Contains("DENIED", StringComparison.Ordinal), denied.Text);
        using Socket refused = MeshPair.Connect(mesh.Client, new(mesh.Server.Address, 9001));
        Assert.Equal(SocketError.ConnectionReset, Assert.Throws<SocketException>(() => refused.Receive(new byte[1])).SocketErrorCode);
    }

    [RequiresToolFact("nft", root: true)]
    public async Task Log_ChangesLevelsWhileTheProxyRuns()
    {
        await using MeshPair mesh = await MeshPair.StartSharedAsync();
        VirtualNode node = mesh.Client.Node;
        Assert.Contains("current log level is", (await RunAsync(node, "ztunnel-config", "log")).Output, StringComparison.Ordinal);
        Assert.Contains("access=debug", (await RunAsync(node, "ztunnel-config", "log", "--level", "access=debug")).Output, StringComparison.Ordinal);
        Assert.DoesNotContain("access=debug", (await RunAsync(node, "ztunnel-config", "log", "--reset")).Output, StringComparison.Ordinal);
        CommandResult wrong = await RunAsync(node, "ztunnel-config", "log", "--level", "loud");
        Assert.True(wrong.ExitCode == 2 && wrong.Errors.Contains("loud", StringComparison.Ordinal), wrong.Text);
    }

    private static Task<CommandResult> RunAsync(VirtualNode node, params string[] words) =>
        Command.RunInAsync(node.NamespaceName, Path.Combine(AppContext.BaseDirectory, "ambientctl"), [.. words, "--admin", "127.0.0.1:15000"], deadline: TimeSpan.FromSeconds(60));
}

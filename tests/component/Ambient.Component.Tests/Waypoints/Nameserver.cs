using System.Net;
using Ambient.Testing.Networks;
using Ambient.Topology.Networks;
using Ambient.Topology.Processes;

namespace Ambient.Component.Tests.Waypoints;

/// <summary>A dnsmasq where the resolv.conf of a node's pods leads; it knows example.com and nothing else. Records count for a second.</summary>
internal sealed class Nameserver(TestNetwork network, VirtualNode node) : IAsyncDisposable
{
    private Peer? _server;
    private int _lives;

    /// <summary>What it was asked.</summary>
    public string Log => _server?.Log ?? "";

    /// <summary>Starts it with these addresses of names.</summary>
    public async Task StartAsync(params (string Name, IPAddress Address)[] records)
    {
        string[] arguments =
        [
            "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--user=root", "--pid-file=", "--bind-interfaces", "--port=53",
            $"--listen-address=10.9.{node.Index}.1", "--local=/example.com/", "--log-facility=-", "--log-queries", "--cache-size=0",
            .. records.Select(static record => $"{(record.Name.StartsWith("*.", StringComparison.Ordinal) ? $"--address=/{record.Name[2..]}/{record.Address}" : $"--host-record={record.Name},{record.Address},1")}"),
        ];
        _server = network.Start(new ProcessPlan("dnsmasq", "dnsmasq", arguments)
        {
            NamespaceName = node.NamespaceName,
            LogPath = Path.Combine(network.Directory, $"dnsmasq{++_lives}.log"),
        });
        await _server.LineAsync("started, version");
    }

    /// <summary>Ends it: nobody answers any more.</summary>
    public async Task StopAsync()
    {
        if (_server is { } server)
        {
            _server = null;
            await server.DisposeAsync();
        }
    }

    public async ValueTask DisposeAsync() => await StopAsync();
}

using System.Diagnostics;
using System.Globalization;
using Ambient.Linux.Namespaces;

namespace Ambient.Benchmarks.Network;

/// <summary>
/// Two network namespaces joined by a veth pair: every subject of a benchmark runs in the same place, on the same path.
/// Names carry the process id; leftovers of dead runs are removed when a new network is made.
/// </summary>
internal sealed class BenchNetwork : IDisposable
{
    /// <summary>Address of the client side.</summary>
    public const string ClientAddress = "10.77.0.1";

    /// <summary>Address of the server side.</summary>
    public const string ServerAddress = "10.77.0.2";

    /// <summary>A service address, routed towards the server side.</summary>
    public const string ServiceAddress = "10.96.0.10";

    private const string Prefix = "ambbench-";
    private static int _made;

    public BenchNetwork()
    {
        RemoveLeftovers();
        string id = string.Create(CultureInfo.InvariantCulture, $"{Prefix}{Environment.ProcessId}-{Interlocked.Increment(ref _made)}");
        Client = id + "c";
        Server = id + "s";
        Shell.Run("ip", "netns", "add", Client);
        Shell.Run("ip", "netns", "add", Server);
        Shell.Run("ip", "-n", Client, "link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", Server);
        foreach ((string name, string address) in new[] { (Client, ClientAddress), (Server, ServerAddress) })
        {
            Shell.Run("ip", "-n", name, "link", "set", "lo", "up");
            Shell.Run("ip", "-n", name, "link", "set", "eth0", "up");
            Shell.Run("ip", "-n", name, "addr", "add", address + "/24", "dev", "eth0");

            // New connections in quantity must not measure the exhaustion of local ports.
            Shell.Run("ip", "netns", "exec", name, "sh", "-c", "echo 1 >/proc/sys/net/ipv4/tcp_tw_reuse; echo 26000 65000 >/proc/sys/net/ipv4/ip_local_port_range");
        }

        Shell.Run("ip", "-n", Client, "route", "add", "default", "via", ServerAddress);
        Shell.Run("ip", "-n", Server, "route", "add", "default", "via", ClientAddress);
    }

    /// <summary>Name of the namespace of the load generator and of the first proxy.</summary>
    public string Client { get; }

    /// <summary>Name of the namespace of the second proxy and of the server.</summary>
    public string Server { get; }

    /// <summary>Opens a namespace of this network by name.</summary>
    public static NetworkNamespace Open(string name) => NetworkNamespace.Open("/run/netns/" + name);

    /// <inheritdoc/>
    public void Dispose()
    {
        Shell.TryRun("ip", "netns", "delete", Client);
        Shell.TryRun("ip", "netns", "delete", Server);
    }

    private static void RemoveLeftovers()
    {
        if (!Directory.Exists("/run/netns"))
        {
            return;
        }

        foreach (string path in Directory.EnumerateFiles("/run/netns", Prefix + "*"))
        {
            string name = Path.GetFileName(path);
            if (!int.TryParse(name[Prefix.Length..].Split('-')[0], out int owner) || !IsAlive(owner))
            {
                Shell.TryRun("ip", "netns", "delete", name);
            }
        }
    }

    private static bool IsAlive(int processId)
    {
        try
        {
            using Process process = Process.GetProcessById(processId);
            return true;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }
}

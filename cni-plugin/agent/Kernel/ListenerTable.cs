using System.Globalization;
using Ambient.Linux.Namespaces;
using Ambient.Linux.Sockets;

namespace Ambient.Cni.Agent.Kernel;

/// <summary>Whether a pod's proxy listens and accepts, from the kernel's socket tables: asking costs the proxy nothing. Thread-safe.</summary>
public static class ListenerTable
{
    /// <summary>Connections that wait to be accepted, from which on a listener counts as stuck.</summary>
    public const int StuckBacklog = 512;

    private const string Listening = "0A";

    /// <summary>Null when every port has a listener that accepts; else what is missing. Throws <see cref="IOException"/> and <see cref="Linux.LinuxException"/>.</summary>
    public static string? Check(NetworkNamespace network, IReadOnlyList<int> tcpPorts, int? udpPort)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(tcpPorts);

        // /proc lists every connection of the machine to find a namespace's few listeners: 5 to 10 ms for each family.
        IReadOnlyDictionary<int, int> backlogs = ListeningSockets.TryRead(network) ?? Listeners(network.Run(() => ReadBoth("tcp")));
        foreach (int port in tcpPorts)
        {
            if (!backlogs.TryGetValue(port, out int backlog))
            {
                return string.Create(CultureInfo.InvariantCulture, $"nothing listens on port {port} in the pod");
            }

            if (backlog >= StuckBacklog)
            {
                return string.Create(CultureInfo.InvariantCulture, $"the listener on port {port} in the pod does not accept: {backlog} connections wait");
            }
        }

        return udpPort is { } dns && !(ListeningSockets.TryReadUdp(network) ?? UdpPorts(network.Run(() => ReadBoth("udp")))).Contains(dns) ? string.Create(CultureInfo.InvariantCulture, $"nothing answers DNS on UDP port {dns} in the pod") : null;
    }

    /// <summary>Port and waiting connections of every listener in <c>/proc/net/tcp</c> lines; the busiest of a port.</summary>
    public static Dictionary<int, int> Listeners(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        Dictionary<int, int> backlogs = [];
        foreach (string[] words in Lines(text).Where(w => w[3] == Listening))
        {
            int port = Hex(words[1][(words[1].LastIndexOf(':') + 1)..]);
            int waiting = Hex(words[4][(words[4].IndexOf(':', StringComparison.Ordinal) + 1)..]);
            backlogs[port] = Math.Max(waiting, backlogs.GetValueOrDefault(port));
        }

        return backlogs;
    }

    private static IEnumerable<int> UdpPorts(string text) => Lines(text).Select(w => Hex(w[1][(w[1].LastIndexOf(':') + 1)..]));

    private static IEnumerable<string[]> Lines(string text) =>
        text.Split('\n').Select(l => l.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Where(w => w.Length > 4 && w[1].Contains(':', StringComparison.Ordinal));

    private static int Hex(string digits) => int.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int value) ? value : -1;

    private static string ReadBoth(string table)
    {
        string v4 = "/proc/thread-self/net/" + table, v6 = v4 + "6";
        return File.ReadAllText(v4) + (File.Exists(v6) ? File.ReadAllText(v6) : "");
    }
}

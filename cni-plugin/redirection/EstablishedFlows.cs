using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using Ambient.Cni.Redirection.Rules;
using Ambient.Linux.Namespaces;

namespace Ambient.Cni.Redirection;

/// <summary>Reads the TCP connections of a namespace from the kernel. Thread-safe.</summary>
public static class EstablishedFlows
{
    private const string TimeWait = "06";
    private const string Closed = "07";
    private const string Listening = "0A";
    private static readonly string[] Tables = ["/proc/thread-self/net/tcp", "/proc/thread-self/net/tcp6"];

    /// <summary>The connections of the namespace with others, in any state in which bytes or a FIN may still travel. Throws <see cref="IOException"/>.</summary>
    public static IReadOnlyList<Flow> Read(NetworkNamespace network) => [.. ReadSockets(network).Where(IsWithOthers)];

    /// <summary>Every socket that is one end of a connection, the pod's with itself as well. Throws <see cref="IOException"/>.</summary>
    internal static IReadOnlyList<Flow> ReadSockets(NetworkNamespace network)
    {
        ArgumentNullException.ThrowIfNull(network);
        return network.Run(() =>
        {
            var flows = new List<Flow>();
            foreach (string path in Tables.Where(File.Exists))
            {
                flows.AddRange(File.ReadLines(path).Skip(1).Select(ParseSocket).OfType<Flow>());
            }

            return flows;
        });
    }

    /// <summary>One line of <c>/proc/net/tcp</c> or <c>tcp6</c>; null for listeners, ended connections, the pod with itself, and what is no such line.</summary>
    internal static Flow? Parse(string line) => ParseSocket(line) is { } flow && IsWithOthers(flow) ? flow : null;

    private static bool IsWithOthers(Flow flow) => !IPAddress.IsLoopback(flow.Remote.Address) && !flow.Remote.Address.Equals(flow.Local.Address);

    private static Flow? ParseSocket(string line)
    {
        string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return words.Length > 3 && words[3] is not (TimeWait or Closed or Listening)
            && ParseEnd(words[1]) is IPEndPoint local && ParseEnd(words[2]) is IPEndPoint remote && remote.Port != 0
            ? new Flow(local, remote)
            : null;
    }

    /// <summary>Addresses stand as 32-bit words in the machine's order, ports as plain hexadecimal.</summary>
    private static IPEndPoint? ParseEnd(string text)
    {
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        if (colon is not (8 or 32) || !ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ushort port))
        {
            return null;
        }

        Span<byte> bytes = stackalloc byte[colon / 2];
        for (int i = 0; i < bytes.Length; i += 4)
        {
            if (!uint.TryParse(text.AsSpan(i * 2, 8), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint word))
            {
                return null;
            }

            if (BitConverter.IsLittleEndian)
            {
                BinaryPrimitives.WriteUInt32LittleEndian(bytes[i..], word);
            }
            else
            {
                BinaryPrimitives.WriteUInt32BigEndian(bytes[i..], word);
            }
        }

        var address = new IPAddress(bytes);
        return new IPEndPoint(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address, port);
    }
}

using System.Net.Sockets;
using System.Text;

namespace Ambient.Cni.Agent.Plugins;

/// <summary>Asks the agent's own plugin socket, as the plugin would.</summary>
public static class PluginSocketProbe
{
    /// <summary>Null when it answers well; throws <see cref="SocketException"/> when nobody is there.</summary>
    public static async Task<string?> AskAsync(string path, CancellationToken cancellation)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellation);
        await socket.SendAsync("GET /healthz HTTP/1.1\r\nHost: agent\r\n\r\n"u8.ToArray(), cancellation);
        byte[] buffer = new byte[512];
        int filled = 0;
        while (filled < buffer.Length && await socket.ReceiveAsync(buffer.AsMemory(filled), cancellation) is var read and > 0)
        {
            filled += read;
        }

        string answer = Encoding.UTF8.GetString(buffer, 0, filled);
        return answer.StartsWith("HTTP/1.1 200", StringComparison.Ordinal) ? null : "it answers " + answer.ReplaceLineEndings(" ");
    }
}

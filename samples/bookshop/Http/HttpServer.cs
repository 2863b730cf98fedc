using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Ambient.Bookshop.Http;

/// <summary>
/// As much HTTP/1.1 as the shop needs, so that a process starts in a moment: kept connections, bodies of a known length. Both address families.
/// </summary>
internal sealed class HttpServer(int port, Func<HttpRequest, CancellationToken, Task<HttpReply>> answer)
{
    private const int LongestHead = 64 * 1024;
    private const int LongestBody = 1024 * 1024;

    /// <summary>Serves until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        using TcpListener listener = TcpListener.Create(port);
        listener.Start(256);
        try
        {
            while (true)
            {
                Socket socket = await listener.AcceptSocketAsync(cancellation);
                _ = ServeAsync(socket, cancellation);
            }
        }
        catch (OperationCanceledException)
        {
            // It ends; callers see their connections end.
        }
    }

    private async Task ServeAsync(Socket socket, CancellationToken cancellation)
    {
        socket.NoDelay = true;
        using var stream = new NetworkStream(socket, ownsSocket: true);
        IPAddress peer = socket.RemoteEndPoint is IPEndPoint end ? end.Address.IsIPv4MappedToIPv6 ? end.Address.MapToIPv4() : end.Address : IPAddress.None;
        var input = new List<byte>(4096);
        byte[] buffer = new byte[16 * 1024];
        try
        {
            while (true)
            {
                (HttpRequest? request, int status) = await ReadAsync(stream, input, buffer, peer, cancellation);
                if (request is null)
                {
                    await (status == 0 ? Task.CompletedTask : WriteAsync(stream, new HttpReply(status, default), isLast: true, cancellation));
                    return;
                }

                HttpReply reply = await answer(request, cancellation);
                await WriteAsync(stream, reply, request.IsLast, cancellation);
                if (request.IsLast)
                {
                    return;
                }
            }
        }
        catch (Exception gone) when (gone is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The caller left.
        }
    }

    /// <summary>The next request; none with status 0 at the end of the connection, or with the status of what was wrong.</summary>
    private static async Task<(HttpRequest? Request, int Status)> ReadAsync(NetworkStream stream, List<byte> input, byte[] buffer, IPAddress peer, CancellationToken cancellation)
    {
        int head;
        while ((head = EndOfHead(input)) < 0)
        {
            if (input.Count > LongestHead)
            {
                return (null, 431);
            }

            int read = await stream.ReadAsync(buffer, cancellation);
            if (read == 0)
            {
                return (null, 0);
            }

            input.AddRange(buffer.AsSpan(0, read));
        }

        string[] lines = Encoding.Latin1.GetString([.. input.Take(head)]).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        if (lines.Length == 0 || lines[0].Split(' ') is not [{ Length: > 0 } method, ['/', ..] target, "HTTP/1.1" or "HTTP/1.0"])
        {
            return (null, 400);
        }

        (string Name, string Value)[] headers = [.. lines.Skip(1).Select(static line => line.Split(':', 2)).Where(static p => p.Length == 2).Select(static p => (p[0].ToLowerInvariant(), p[1].Trim()))];
        string length = headers.FirstOrDefault(static h => h.Name == "content-length").Value ?? "0";
        if (headers.Any(static h => h.Name == "transfer-encoding") || !int.TryParse(length, NumberStyles.None, CultureInfo.InvariantCulture, out int body) || body > LongestBody)
        {
            return (null, headers.Any(static h => h.Name == "transfer-encoding") ? 411 : 413);
        }

        while (input.Count < head + 4 + body)
        {
            int read = await stream.ReadAsync(buffer, cancellation);
            if (read == 0)
            {
                return (null, 0);
            }

            input.AddRange(buffer.AsSpan(0, read));
        }

        var request = new HttpRequest(method, target, headers, input.GetRange(head + 4, body).ToArray(), peer);
        input.RemoveRange(0, head + 4 + body);
        return (request, 0);
    }

    private static int EndOfHead(List<byte> input) => System.Runtime.InteropServices.CollectionsMarshal.AsSpan(input).IndexOf("\r\n\r\n"u8);

    private static async Task WriteAsync(NetworkStream stream, HttpReply reply, bool isLast, CancellationToken cancellation)
    {
        string head = string.Create(CultureInfo.InvariantCulture, $"HTTP/1.1 {reply.Status} {(HttpStatusCode)reply.Status}\r\ncontent-type: application/json\r\ncontent-length: {reply.Body.Length}\r\n{(isLast ? "connection: close\r\n" : "")}\r\n");
        await stream.WriteAsync((byte[])[.. Encoding.ASCII.GetBytes(head), .. reply.Body.Span], cancellation);
    }
}

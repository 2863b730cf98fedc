using System.Net;
using System.Net.Sockets;
using Ambient.Linux.Namespaces;

namespace Ambient.Cli.Sandbox.Observation;

/// <summary>HTTP to ztunnel's own servers, whose ports are in the node's namespace. Thread-safe.</summary>
internal static class NodeHttp
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(5);

    /// <summary>The body. Throws <see cref="HttpRequestException"/>.</summary>
    public static async Task<string> GetAsync(NetworkNamespace node, int port, string path, CancellationToken cancellation)
    {
        using HttpClient client = Client(node, port);
        return await client.GetStringAsync(new Uri("http://127.0.0.1:" + port + path), cancellation);
    }

    /// <summary>The status; 0 when nothing answers.</summary>
    public static async Task<int> StatusAsync(NetworkNamespace node, int port, string path, CancellationToken cancellation)
    {
        using HttpClient client = Client(node, port);
        try
        {
            using HttpResponseMessage response = await client.GetAsync(new Uri("http://127.0.0.1:" + port + path), cancellation);
            return (int)response.StatusCode;
        }
        catch (HttpRequestException)
        {
            return 0;
        }
        catch (TaskCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return 0;
        }
    }

    private static HttpClient Client(NetworkNamespace node, int port) => new(new SocketsHttpHandler
    {
        UseProxy = false,
        ConnectCallback = async (_, cancellation) =>
        {
            // A socket stays in the namespace it was made in.
            Socket socket = node.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
            try
            {
                await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port), cancellation);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        },
    })
    {
        Timeout = Deadline,
    };
}

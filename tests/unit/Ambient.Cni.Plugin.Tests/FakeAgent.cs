using System.Net.Sockets;
using System.Text;

namespace Ambient.Cni.Plugin.Tests;

/// <summary>An agent's socket whose answer the test chooses, byte by byte. It answers each connection after the request has come in full.</summary>
internal sealed class FakeAgent : IDisposable
{
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly Action<Socket> _answer;
    private readonly List<Socket> _open = [];
    private readonly Thread _serving;

    private FakeAgent(Action<Socket> answer)
    {
        _answer = answer;
        Directory.CreateDirectory(RunDirectory);
        _listener.Bind(new UnixDomainSocketEndPoint(Path.Combine(RunDirectory, "pluginevent.sock")));
        _listener.Listen(16);
        _serving = new Thread(Serve) { IsBackground = true };
        _serving.Start();
    }

    public string RunDirectory { get; } = Path.Combine(Path.GetTempPath(), $"ambient-fake-{Guid.NewGuid():N}");

    public List<string> Requests { get; } = [];

    /// <summary>Answers with a status and a body.</summary>
    public static FakeAgent Saying(int status, string body) => Sending($"HTTP/1.1 {status} Whatever\r\nContent-Type: text/plain\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\nConnection: close\r\n\r\n{body}");

    /// <summary>Answers with these bytes, then closes.</summary>
    public static FakeAgent Sending(string bytes) => new(s => s.Send(Encoding.UTF8.GetBytes(bytes)));

    /// <summary>Does anything; the connection is closed afterwards.</summary>
    public static FakeAgent Doing(Action<Socket> answer) => new(answer);

    /// <summary>Takes the request and keeps silent, with the connection open.</summary>
    public static FakeAgent Silent()
    {
        FakeAgent agent = null!;
        agent = new FakeAgent(s => agent._open.Add(s));
        return agent;
    }

    public void Dispose()
    {
        _listener.Dispose();
        _serving.Join();
        _open.ForEach(s => s.Dispose());
        Directory.Delete(RunDirectory, recursive: true);
    }

    private void Serve()
    {
        try
        {
            while (true)
            {
                Socket client = _listener.Accept();
                Requests.Add(Read(client));
                _answer(client);
                if (!_open.Contains(client))
                {
                    client.Dispose();
                }
            }
        }
        catch (Exception end) when (end is SocketException or ObjectDisposedException)
        {
            // The test ends, or the plugin has left.
        }
    }

    private static string Read(Socket client)
    {
        var text = new StringBuilder();
        byte[] buffer = new byte[4096];
        while (true)
        {
            string all = text.ToString();
            int end = all.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            if (end >= 0)
            {
                string length = all.Split("\r\n").Single(l => l.StartsWith("Content-Length: ", StringComparison.Ordinal))[16..];
                if (all.Length >= end + 4 + int.Parse(length, System.Globalization.CultureInfo.InvariantCulture))
                {
                    return all;
                }
            }

            int read = client.Receive(buffer);
            if (read == 0)
            {
                return text.ToString();
            }

            text.Append(Encoding.UTF8.GetString(buffer, 0, read));
        }
    }
}

using System.Text;
using Ambient.Cni.Enrolment.Wire;
using Ambient.Linux;
using Ambient.Linux.Sockets;

namespace Ambient.Cni.Plugin.Agents;

/// <summary>
/// Asks the node agent: one request on a connection of its own (cni-and-redirection.md 2.4). Whatever comes back, or does not, the time and the memory it
/// may take are bounded. For one thread.
/// </summary>
internal sealed class AgentClient(string socketPath, TimeSpan patience, TimeSpan connectPatience, TimeProvider time)
{
    private readonly long _start = time.GetTimestamp();

    /// <summary>The answer; null and the stage that was not reached, for operators.</summary>
    public AgentAnswer? Ask(string method, string path, ReadOnlySpan<byte> body, out string? error)
    {
        try
        {
            using StreamSocket socket = StreamSocket.Connect(socketPath, connectPatience, time);
            byte[] request = [.. Encoding.ASCII.GetBytes($"{method} {path} HTTP/1.1\r\nHost: unix\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n"), .. body];
            error = Send(socket, request);
            return error is null ? Receive(socket, out error) : null;
        }
        catch (LinuxException absent)
        {
            error = "the agent cannot be reached: " + absent.Message;
            return null;
        }
    }

    private string? Send(StreamSocket socket, ReadOnlySpan<byte> request)
    {
        while (!request.IsEmpty)
        {
            SysResult sent = socket.TryWrite(request);
            if (sent.IsError && !sent.Is(Errno.EAGAIN))
            {
                return "the agent does not take the request: " + sent;
            }

            request = request[(int)sent.Value..];
            if (sent.IsError)
            {
                int left = MillisecondsLeft();
                if (left <= 0)
                {
                    return $"the agent did not take the request within {patience.TotalSeconds} s";
                }

                socket.WaitWritable(left);
            }
        }

        return null;
    }

    private AgentAnswer? Receive(StreamSocket socket, out string? error)
    {
        byte[] buffer = new byte[4096];
        int filled = 0;
        while (true)
        {
            SysResult read = socket.TryRead(buffer.AsSpan(filled));
            if (read.Is(Errno.EAGAIN))
            {
                int left = MillisecondsLeft();
                if (left <= 0)
                {
                    error = $"the agent did not answer within {patience.TotalSeconds} s";
                    return null;
                }

                socket.WaitReadable(left);
                continue;
            }

            if (read.IsError || read.Value == 0)
            {
                error = read.IsError ? "the agent's answer broke off: " + read : "the agent closed the connection before it had answered";
                return null;
            }

            filled += (int)read.Value;
            if (!AgentAnswer.TryRead(buffer.AsSpan(0, filled), out AgentAnswer? answer, out error))
            {
                error = "the agent's answer cannot be understood: " + error;
                return null;
            }

            if (answer is not null)
            {
                return answer;
            }

            if (filled == buffer.Length)
            {
                Array.Resize(ref buffer, Math.Min(buffer.Length * 2, PluginWire.MaxHead + PluginWire.MaxBody + 4));
            }

            // A peer that sends a byte now and then would never let the wait end.
            if (MillisecondsLeft() <= 0)
            {
                error = $"the agent did not answer within {patience.TotalSeconds} s";
                return null;
            }
        }
    }

    private int MillisecondsLeft() => (int)(patience - time.GetElapsedTime(_start)).TotalMilliseconds;
}

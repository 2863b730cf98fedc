using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Ambient.Cni.Enrolment.Wire;
using Ambient.Cni.Plugin.Protocol;
using Ambient.Linux;
using Ambient.Linux.Sockets;

namespace Ambient.Cni.Plugin.Agents;

/// <summary>
/// What one operation has to say, for the agent's log: gathered while it works, sent when its result is out, and nobody waits for an answer
/// (cni-and-redirection.md 2.6). For one thread.
/// </summary>
internal sealed class PluginLog(TimeProvider time)
{
    private static readonly string[] Levels = ["debug", "info", "warn", "error"];
    private readonly List<(string Level, string Line)> _lines = [];

    /// <summary>Adds a line; the fields are pairs of key and value, absent values are left out.</summary>
    public void Add(string level, string message, params ReadOnlySpan<(string Key, string? Value)> fields)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("level", level);
            writer.WriteString("time", time.GetUtcNow().ToString("yyyy-MM-ddTHH:mm:ss.ffffffZ", CultureInfo.InvariantCulture));
            writer.WriteString("msg", CniOutput.Printable(message));
            foreach ((string key, string? value) in fields)
            {
                if (value is not null)
                {
                    writer.WriteString(key, CniOutput.Printable(value));
                }
            }

            writer.WriteEndObject();
        }

        _lines.Add((level, Encoding.UTF8.GetString(buffer.WrittenSpan)));
    }

    /// <summary>Hands the lines of a level and above to whoever listens in the run directory. Never fails: a log is a courtesy.</summary>
    public void Send(string runDirectory, string lowest)
    {
        int from = Math.Max(0, Array.IndexOf(Levels, lowest));
        string[] wanted = [.. _lines.Where(l => Array.IndexOf(Levels, l.Level) >= from).Select(l => l.Line)];
        if (wanted.Length == 0)
        {
            return;
        }

        var body = new ArrayBufferWriter<byte>(512);
        using (var writer = new Utf8JsonWriter(body))
        {
            writer.WriteStartArray();
            foreach (string line in wanted)
            {
                writer.WriteStringValue(line);
            }

            writer.WriteEndArray();
        }

        try
        {
            using StreamSocket socket = StreamSocket.Connect(Path.Combine(runDirectory, PluginWire.LogSocketName), TimeSpan.Zero, time);
            _ = socket.TryWrite([.. Encoding.ASCII.GetBytes($"POST {PluginWire.LogPath} HTTP/1.1\r\nHost: unix\r\nContent-Type: application/json\r\nContent-Length: {body.WrittenCount}\r\nConnection: close\r\n\r\n"), .. body.WrittenSpan]);
        }
        catch (LinuxException)
        {
            // Nobody listens; what matters is in the result as well.
        }
    }
}

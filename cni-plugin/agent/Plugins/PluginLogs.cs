using System.Text.Json;
using Ambient.Cni.Enrolment.Wire;
using Ambient.Telemetry.Logging;

namespace Ambient.Cni.Agent.Plugins;

/// <summary>
/// Takes the plugin's log lines, ours' or upstream's, and writes them among the agent's own under the target <c>cni-plugin</c> (cni-and-redirection.md
/// 2.6). Lines that cannot be read, and levels that nobody knows, are left out. Thread-safe.
/// </summary>
public sealed class PluginLogs(Logger log)
{
    private const int MaxLines = 256, MaxFields = 32, MaxKey = 64;

    /// <summary>Answers one request; never throws for what a peer sends.</summary>
    public Task<PluginAnswer> AnswerAsync(string method, string path, ReadOnlyMemory<byte> body, CancellationToken cancellation) => Task.FromResult((method, path) switch
    {
        ("POST", PluginWire.LogPath) => Take(body) ? new PluginAnswer(200, "text/plain; charset=utf-8", "") : PluginAnswer.Error(400, "not a JSON array of texts"),
        _ => PluginAnswer.Error(404, "no such request; there is POST /log"),
    });

    private bool Take(ReadOnlyMemory<byte> body)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(body);
            if (document.RootElement.ValueKind != JsonValueKind.Array)
            {
                return false;
            }

            foreach (JsonElement line in document.RootElement.EnumerateArray().Take(MaxLines).Where(l => l.ValueKind == JsonValueKind.String))
            {
                Write(line);
            }

            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private void Write(JsonElement text)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(text.GetString()!);
            JsonElement line = document.RootElement;
            if (line.ValueKind == JsonValueKind.Object && LevelOf(Text(line, "level")) is { } level)
            {
                log.Log(level, Text(line, "msg") ?? "", [.. line.EnumerateObject().Where(f => f.Name is not ("level" or "msg" or "time" or "scope")).Take(MaxFields).Select(FieldOf)]);
            }
        }
        catch (Exception unreadable) when (unreadable is JsonException or InvalidOperationException)
        {
            // Half a line, or a text that is no Unicode.
        }
    }

    private static string? Text(JsonElement line, string name) => line.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static LogField FieldOf(JsonProperty field)
    {
        if (field.Name.Length is 0 or > MaxKey || !field.Name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.'))
        {
            return LogField.Of("", null);
        }

        return field.Value.ValueKind switch
        {
            JsonValueKind.String => LogField.Of(field.Name, field.Value.GetString()),
            JsonValueKind.True or JsonValueKind.False => LogField.Of(field.Name, field.Value.GetBoolean()),
            JsonValueKind.Number when field.Value.TryGetInt64(out long number) => LogField.Of(field.Name, number),
            _ => LogField.Json(field.Name, Compact(field.Value)),
        };
    }

    /// <summary>On one line, whatever the peer's layout was.</summary>
    private static string Compact(JsonElement value)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            value.WriteTo(writer);
        }

        return System.Text.Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }

    private static LogLevel? LevelOf(string? level) => level switch
    {
        "error" or "fatal" or "panic" or "dpanic" => LogLevel.Error,
        "warn" or "warning" => LogLevel.Warn,
        "info" => LogLevel.Info,
        "debug" => LogLevel.Debug,
        "trace" => LogLevel.Trace,
        _ => null,
    };
}

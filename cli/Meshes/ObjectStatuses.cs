using System.Text.Json;
using Ambient.Cli.Output;
using Ambient.Cli.Sources;

namespace Ambient.Cli.Meshes;

/// <summary>
/// What a control plane says about objects where nobody writes it into them, because they are files. Pure, apart from <see cref="ReadAsync"/>.
/// </summary>
internal static class ObjectStatuses
{
    /// <summary>Where control planes answer.</summary>
    public const int MetricsPort = 15014;

    private const int LongestMessage = 100;

    /// <summary>The page; null with the reason.</summary>
    public static async Task<(byte[]? Page, string? Error)> ReadAsync(AdminPort port, CancellationToken cancellation)
    {
        (byte[]? page, string? error) = await port.GetAsync("/debug/statusz", cancellation);
        return page is null ? (null, error + "; a control plane that works with a Kubernetes API writes statuses into the objects: kubectl describe") : (page, null);
    }

    /// <summary>The table; null with the reason when the page is none.</summary>
    public static Answer? Of(ReadOnlyMemory<byte> page, out bool isGood, out string? error)
    {
        isGood = true;
        error = null;
        var table = new Table("KIND", "NAME", "CONDITION", "STATUS", "REASON", "MESSAGE");
        try
        {
            using JsonDocument json = JsonDocument.Parse(page);
            foreach (JsonElement each in json.RootElement.EnumerateArray())
            {
                string name = Text(each, "namespace") is { Length: > 0 } space ? $"{space}/{Text(each, "name")}" : Text(each, "name");
                foreach (JsonElement said in each.GetProperty("conditions").EnumerateArray())
                {
                    isGood &= !(said.TryGetProperty("isProblem", out JsonElement problem) && problem.ValueKind == JsonValueKind.True);
                    string about = Text(said, "about"), message = Text(said, "message");
                    table.Add(
                        Text(each, "kind"),
                        name,
                        about.Length > 0 ? $"{Text(said, "type")} ({about})" : Text(said, "type"),
                        Text(said, "status"),
                        Text(said, "reason"),
                        message.Length > LongestMessage ? message[..LongestMessage] + "..." : message);
                }
            }

            return new Answer(table, json.RootElement.Clone());
        }
        catch (Exception unreadable) when (unreadable is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            error = $"what the control plane answers is no list of statuses: {unreadable.Message}";
            return null;
        }
    }

    private static string Text(JsonElement json, string name) =>
        json.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";
}

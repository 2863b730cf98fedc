using System.Text.Json;

namespace Ambient.Cli.Meshes;

/// <summary>What one replica of the control plane says about those that it serves. Immutable.</summary>
/// <param name="Replica">Its pod.</param>
/// <param name="Clients">How many there are.</param>
/// <param name="Refusals">What they refuse.</param>
/// <param name="Unanswered">Those that have not answered for long.</param>
internal sealed record ReplicaClients(string Replica, int Clients, IReadOnlyList<RefusedResource> Refusals, IReadOnlyList<UnansweredType> Unanswered)
{
    /// <summary>How long an answer may take; ztunnels and waypoints answer at once.</summary>
    public const int LongestAnswerSeconds = 30;

    /// <summary>Reads what <c>/debug/syncz</c> is; null when it is no such list, as of a control plane that does not have it.</summary>
    public static ReplicaClients? Read(string replica, ReadOnlyMemory<byte> page)
    {
        try
        {
            using JsonDocument json = JsonDocument.Parse(page);
            List<RefusedResource> refusals = [];
            List<UnansweredType> unanswered = [];
            int clients = 0;
            foreach (JsonElement client in json.RootElement.EnumerateArray())
            {
                clients++;
                foreach (JsonElement type in client.TryGetProperty("types", out JsonElement types) ? types.EnumerateArray() : default)
                {
                    string who = Text(client, "id"), kind = Text(type, "type")[(Text(type, "type").LastIndexOf('/') + 1)..];
                    refusals.AddRange(Refused(type).Select(one => new RefusedResource(who, kind, Text(one, "name"), Text(one, "reason"))));
                    if (type.TryGetProperty("unansweredSeconds", out JsonElement since) && since.ValueKind == JsonValueKind.Number && since.TryGetInt64(out long seconds) && seconds > LongestAnswerSeconds)
                    {
                        unanswered.Add(new UnansweredType(who, kind, seconds));
                    }
                }
            }

            return new ReplicaClients(replica, clients, refusals, unanswered);
        }
        catch (Exception unreadable) when (unreadable is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private static IEnumerable<JsonElement> Refused(JsonElement type) =>
        type.TryGetProperty("refused", out JsonElement refused) && refused.ValueKind == JsonValueKind.Array ? refused.EnumerateArray() : [];

    private static string Text(JsonElement json, string name) =>
        json.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";
}

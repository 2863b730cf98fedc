using System.Text.Json;

namespace Ambient.Cli.Meshes;

/// <summary>A cluster that a control plane follows, as that says it. Immutable.</summary>
/// <param name="Id">Its name.</param>
/// <param name="Status">Such as <c>synced</c>.</param>
/// <param name="Problem">What is wrong; empty: nothing.</param>
/// <param name="Warning">What works and should be looked at; empty: nothing.</param>
internal sealed record FollowedCluster(string Id, string Status, string Problem, string Warning)
{
    /// <summary>Reads the list that <c>/debug/clusterz</c> is; none when it is no such list.</summary>
    public static IReadOnlyList<FollowedCluster> Read(ReadOnlyMemory<byte> page)
    {
        try
        {
            using JsonDocument json = JsonDocument.Parse(page);
            return [.. json.RootElement.EnumerateArray().Select(static one => new FollowedCluster(Text(one, "id"), Text(one, "syncStatus"), Text(one, "problem"), Text(one, "warning")))];
        }
        catch (Exception unreadable) when (unreadable is JsonException or InvalidOperationException)
        {
            return [];
        }
    }

    private static string Text(JsonElement json, string name) =>
        json.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";
}

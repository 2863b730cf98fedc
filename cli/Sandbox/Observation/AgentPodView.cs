using System.Text.Json;

namespace Ambient.Cli.Sandbox.Observation;

/// <summary>A pod as its node agent sees it. Immutable.</summary>
/// <param name="Name">Namespace and name.</param>
/// <param name="IsServed">Whether it is in the mesh and reported so, or should not be in it.</param>
/// <param name="IsProven">Whether it is in the mesh, seen from inside.</param>
/// <param name="Guard">Its guard: <c>Absent</c>, <c>Raised</c> or <c>Unknown</c>.</param>
/// <param name="Spared">Connections that were there before it joined and keep their way.</param>
internal sealed record AgentPodView(string Name, bool IsServed, bool IsProven, string Guard, IReadOnlyList<string> Spared)
{
    /// <summary>Reads the agent's page <c>/pods</c>. Throws <see cref="JsonException"/>.</summary>
    public static IReadOnlyList<AgentPodView> Parse(string text)
    {
        using JsonDocument page = JsonDocument.Parse(text);
        return [.. page.RootElement.EnumerateArray().Select(p => new AgentPodView(
            p.GetProperty("name").GetString() ?? "",
            !p.GetProperty("wanted").GetBoolean() || p.GetProperty("reported").GetString() == "Enabled",
            p.GetProperty("proven").GetBoolean(),
            p.GetProperty("guard").GetString() ?? "",
            p.TryGetProperty("spared", out JsonElement spared) ? [.. spared.EnumerateArray().Select(f => f.GetString() ?? "")] : []))];
    }
}

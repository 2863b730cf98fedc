using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Ambient.ControlPlane.Controllers.Leading;
using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Controllers.Statuses;

/// <summary>What a status is written by, of an object that cannot be read as its kind. Immutable.</summary>
/// <param name="ResourceVersion">Its version.</param>
/// <param name="Generation">Which generation of what users wrote.</param>
/// <param name="Revision">Its label for a revision of the control plane; null: none.</param>
/// <param name="Conditions">What is said about it.</param>
internal sealed record UnreadableObject(string ResourceVersion, long Generation, string? Revision, IReadOnlyList<Condition> Conditions)
{
    /// <summary>Reads the JSON of an object. Whatever is not as it should be counts as absent, but a version there must be.</summary>
    internal static bool TryRead(ReadOnlyMemory<byte> json, [NotNullWhen(true)] out UnreadableObject? read)
    {
        read = null;
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            JsonElement meta = Of(document.RootElement, "metadata");
            if (Of(meta, "resourceVersion") is not { ValueKind: JsonValueKind.String } version)
            {
                return false;
            }

            JsonElement generation = Of(meta, "generation"), label = Of(Of(meta, "labels"), WritingRevision.Label);
            read = new UnreadableObject(
                version.GetString()!,
                generation.ValueKind == JsonValueKind.Number && generation.TryGetInt64(out long number) ? number : 0,
                label.ValueKind == JsonValueKind.String ? label.GetString() : null,
                StatusConditions.Read(Of(document.RootElement, "status")));
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static JsonElement Of(JsonElement json, string name) => json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out JsonElement value) ? value : default;
}

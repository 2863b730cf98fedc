using System.Text.Json;

namespace Ambient.Kubernetes.Api;

/// <summary>How an object is deleted. Immutable.</summary>
public sealed record DeleteOptions
{
    /// <summary>Delete only the object with this UID, not a successor of the same name.</summary>
    public string? Uid { get; init; }

    /// <summary>Delete only what has not changed since.</summary>
    public string? ResourceVersion { get; init; }

    /// <summary>What belongs to it: <c>Background</c>, <c>Foreground</c> or <c>Orphan</c>.</summary>
    public string Propagation { get; init; } = "Background";

    /// <summary>How long it may take to end by itself; null leaves it to the object.</summary>
    public int? GraceSeconds { get; init; }

    internal byte[] ToJson()
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("apiVersion", "v1");
            writer.WriteString("kind", "DeleteOptions");
            writer.WriteString("propagationPolicy", Propagation);
            if (GraceSeconds is { } grace)
            {
                writer.WriteNumber("gracePeriodSeconds", grace);
            }

            if (Uid is not null || ResourceVersion is not null)
            {
                writer.WriteStartObject("preconditions");
                if (Uid is not null)
                {
                    writer.WriteString("uid", Uid);
                }

                if (ResourceVersion is not null)
                {
                    writer.WriteString("resourceVersion", ResourceVersion);
                }

                writer.WriteEndObject();
            }

            writer.WriteEndObject();
        }

        return buffer.ToArray();
    }
}

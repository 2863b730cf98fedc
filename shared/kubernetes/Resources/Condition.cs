using System.Text.Json.Serialization;
using Ambient.Kubernetes.Resources.Json;

namespace Ambient.Kubernetes.Resources;

/// <summary>One line of a status. Immutable.</summary>
public sealed record Condition
{
    /// <summary><c>type</c>.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string Type { get; init => field = value ?? ""; } = "";

    /// <summary><c>status</c>: True, False or Unknown.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string Status { get; init => field = value ?? ""; } = "";

    /// <summary><c>reason</c>, a word in CamelCase.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string Reason { get; init => field = value ?? ""; } = "";

    /// <summary><c>message</c>, for people.</summary>
    public string Message { get; init => field = value ?? ""; } = "";

    /// <summary><c>lastTransitionTime</c>: when <c>status</c> last changed.</summary>
    public DateTimeOffset? LastTransitionTime { get; init; }

    /// <summary><c>observedGeneration</c>.</summary>
    [JsonNumberHandling(JsonNumberHandling.AllowReadingFromString)]
    public long? ObservedGeneration { get; init; }
}

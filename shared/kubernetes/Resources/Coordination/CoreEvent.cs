using System.Text.Json.Serialization;
using Ambient.Kubernetes.Resources.Json;

namespace Ambient.Kubernetes.Resources.Coordination;

/// <summary>An event about an object (core/v1 <c>Event</c>): what people see in <c>kubectl describe</c>. Immutable.</summary>
public sealed record CoreEvent : Resource, IWholeResource
{
    /// <summary><c>involvedObject</c>.</summary>
    public ObjectReference InvolvedObject { get; init => field = value ?? new ObjectReference(); } = new();

    /// <summary><c>reason</c>, a word in CamelCase.</summary>
    public string Reason { get; init => field = value ?? ""; } = "";

    /// <summary><c>message</c>, at most 1 kB.</summary>
    public string Message { get; init => field = value ?? ""; } = "";

    /// <summary><c>type</c>: Normal or Warning.</summary>
    public string Type { get; init => field = value ?? ""; } = "";

    /// <summary><c>action</c>: what was tried.</summary>
    public string Action { get; init => field = value ?? ""; } = "";

    /// <summary><c>source</c>.</summary>
    public EventSource Source { get; init => field = value ?? new EventSource(); } = new();

    /// <summary><c>reportingComponent</c>.</summary>
    public string ReportingComponent { get; init => field = value ?? ""; } = "";

    /// <summary><c>reportingInstance</c>.</summary>
    public string ReportingInstance { get; init => field = value ?? ""; } = "";

    /// <summary><c>count</c>.</summary>
    public int? Count { get; init; }

    /// <summary><c>firstTimestamp</c>.</summary>
    public DateTimeOffset? FirstTimestamp { get; init; }

    /// <summary><c>lastTimestamp</c>.</summary>
    public DateTimeOffset? LastTimestamp { get; init; }

    /// <summary><c>eventTime</c>.</summary>
    [JsonConverter(typeof(MicroTimeConverter))]
    public DateTimeOffset? EventTime { get; init; }
}

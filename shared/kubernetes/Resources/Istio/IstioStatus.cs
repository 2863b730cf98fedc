using System.Text.Json.Serialization;

namespace Ambient.Kubernetes.Resources.Istio;

/// <summary>Status of Istio's kinds. Immutable.</summary>
public sealed record IstioStatus
{
    /// <summary><c>conditions</c>.</summary>
    public IReadOnlyList<Condition> Conditions { get; init => field = value ?? []; } = [];

    /// <summary><c>addresses</c> that were allocated (ServiceEntry).</summary>
    public IReadOnlyList<AllocatedAddress> Addresses { get; init => field = value ?? []; } = [];

    /// <summary><c>observedGeneration</c>.</summary>
    [JsonNumberHandling(JsonNumberHandling.AllowReadingFromString)]
    public long? ObservedGeneration { get; init; }
}

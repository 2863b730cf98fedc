using System.Text.Json.Serialization;
using Ambient.Kubernetes.Resources.Json;

namespace Ambient.Kubernetes.Resources.Istio;

/// <summary>Istio's WorkloadEntry (<c>networking.istio.io</c>). Immutable.</summary>
public sealed record WorkloadEntry : Resource
{
    /// <summary><c>spec</c>.</summary>
    public WorkloadEntrySpec Spec { get; init => field = value ?? new WorkloadEntrySpec(); } = new();

    /// <summary><c>status</c>.</summary>
    [JsonConverter(typeof(TolerantStatusConverter))]
    public IstioStatus Status { get; init => field = value ?? new IstioStatus(); } = new();
}

using System.Text.Json.Serialization;
using Ambient.Kubernetes.Resources.Json;

namespace Ambient.Kubernetes.Resources.Istio;

/// <summary>Istio's ServiceEntry (<c>networking.istio.io</c>). Immutable.</summary>
public sealed record ServiceEntry : Resource
{
    /// <summary><c>spec</c>.</summary>
    public ServiceEntrySpec Spec { get; init => field = value ?? new ServiceEntrySpec(); } = new();

    /// <summary><c>status</c>.</summary>
    [JsonConverter(typeof(TolerantStatusConverter))]
    public IstioStatus Status { get; init => field = value ?? new IstioStatus(); } = new();
}

using System.Text.Json.Serialization;
using Ambient.Kubernetes.Resources.Json;

namespace Ambient.Kubernetes.Resources.Istio;

/// <summary>Istio's AuthorizationPolicy (<c>security.istio.io</c>). Immutable.</summary>
public sealed record AuthorizationPolicy : Resource
{
    /// <summary><c>spec</c>.</summary>
    public AuthorizationPolicySpec Spec { get; init => field = value ?? new AuthorizationPolicySpec(); } = new();

    /// <summary><c>status</c>.</summary>
    [JsonConverter(typeof(TolerantStatusConverter))]
    public IstioStatus Status { get; init => field = value ?? new IstioStatus(); } = new();
}

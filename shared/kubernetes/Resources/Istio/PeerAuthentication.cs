using System.Text.Json.Serialization;
using Ambient.Kubernetes.Resources.Json;

namespace Ambient.Kubernetes.Resources.Istio;

/// <summary>Istio's PeerAuthentication (<c>security.istio.io</c>). Immutable.</summary>
public sealed record PeerAuthentication : Resource
{
    /// <summary><c>spec</c>.</summary>
    public PeerAuthenticationSpec Spec { get; init => field = value ?? new PeerAuthenticationSpec(); } = new();

    /// <summary><c>status</c>.</summary>
    [JsonConverter(typeof(TolerantStatusConverter))]
    public IstioStatus Status { get; init => field = value ?? new IstioStatus(); } = new();
}

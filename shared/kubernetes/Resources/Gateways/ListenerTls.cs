using System.Text.Json.Serialization;
using Ambient.Kubernetes.Resources.Json;

namespace Ambient.Kubernetes.Resources.Gateways;

/// <summary>TLS of a listener. Immutable.</summary>
public sealed record ListenerTls
{
    /// <summary><c>mode</c>: Terminate or Passthrough.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string Mode { get; init => field = value ?? ""; } = "";

    /// <summary><c>certificateRefs</c>.</summary>
    public IReadOnlyList<ObjectReference> CertificateRefs { get; init => field = value ?? []; } = [];

    /// <summary><c>options</c>.</summary>
    public StringMap Options { get; init => field = value ?? StringMap.Empty; } = StringMap.Empty;
}

namespace Ambient.Kubernetes.Resources.Services;

/// <summary>Endpoints of a service; reads <c>discovery.k8s.io/v1</c> and <c>v1beta1</c>. Immutable.</summary>
public sealed record EndpointSlice : Resource
{
    /// <summary>Label that names the slice's service.</summary>
    public const string ServiceNameLabel = "kubernetes.io/service-name";

    /// <summary><c>addressType</c>: IPv4, IPv6 or FQDN.</summary>
    [System.Text.Json.Serialization.JsonConverter(typeof(Json.PooledStringConverter))]
    public string AddressType { get; init => field = value ?? ""; } = "";

    /// <summary><c>endpoints</c>.</summary>
    public IReadOnlyList<Endpoint> Endpoints { get; init => field = value ?? []; } = [];

    /// <summary><c>ports</c>.</summary>
    public IReadOnlyList<EndpointPort> Ports { get; init => field = value ?? []; } = [];
}

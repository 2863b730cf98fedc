namespace Ambient.Xds.Client;

/// <summary>Who we are to the control plane. Immutable.</summary>
public sealed record NodeSettings
{
    /// <summary>What kind of proxy we are; the first part of the node id.</summary>
    public string Role { get; init; } = "ztunnel";

    /// <summary>INSTANCE_IP.</summary>
    public string InstanceIp { get; init; } = "1.1.1.1";

    /// <summary>POD_NAME.</summary>
    public string PodName { get; init; } = "";

    /// <summary>POD_NAMESPACE.</summary>
    public string PodNamespace { get; init; } = "";

    /// <summary>NODE_NAME.</summary>
    public string NodeName { get; init; } = "";

    /// <summary>Proxy metadata; may override what is above.</summary>
    public IReadOnlyDictionary<string, string> ProxyMetadata { get; init; } = new Dictionary<string, string>();

    /// <summary>ISTIO_METAJSON_*: key and JSON text; may override everything before.</summary>
    public IReadOnlyDictionary<string, string> JsonMetadata { get; init; } = new Dictionary<string, string>();
}

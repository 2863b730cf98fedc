namespace Ambient.Kubernetes.Resources.Gateways;

/// <summary>An address. Immutable.</summary>
public sealed record GatewayAddress
{
    /// <summary><c>type</c>: IPAddress (when absent), Hostname or NamedAddress.</summary>
    public string? Type { get; init; }

    /// <summary><c>value</c>.</summary>
    public string Value { get; init => field = value ?? ""; } = "";
}

namespace Ambient.Kubernetes.Resources.Istio;

/// <summary>An address that was allocated for a host. Immutable.</summary>
public sealed record AllocatedAddress
{
    /// <summary><c>value</c>.</summary>
    public string Value { get; init => field = value ?? ""; } = "";

    /// <summary><c>host</c>.</summary>
    public string? Host { get; init; }
}

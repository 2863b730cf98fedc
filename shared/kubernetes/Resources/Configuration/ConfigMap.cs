namespace Ambient.Kubernetes.Resources.Configuration;

/// <summary>Settings. Immutable.</summary>
public sealed record ConfigMap : Resource, IWholeResource
{
    /// <summary><c>immutable</c>.</summary>
    public bool? Immutable { get; init; }

    /// <summary><c>data</c>.</summary>
    public StringMap Data { get; init => field = value ?? StringMap.Empty; } = StringMap.Empty;

    /// <summary><c>binaryData</c>, in base64.</summary>
    public StringMap? BinaryData { get; init; }
}

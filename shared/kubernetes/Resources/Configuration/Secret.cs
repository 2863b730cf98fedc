namespace Ambient.Kubernetes.Resources.Configuration;

/// <summary>A secret. Its text form names no value. Immutable.</summary>
public sealed record Secret : Resource, IWholeResource
{
    /// <summary><c>type</c>.</summary>
    public string? Type { get; init; }

    /// <summary><c>immutable</c>.</summary>
    public bool? Immutable { get; init; }

    /// <summary><c>data</c>.</summary>
    public SecretData Data { get; init => field = value ?? new SecretData(); } = new();
}

namespace Ambient.Kubernetes.Connections;

/// <summary>What a kubeconfig may do. Immutable.</summary>
public sealed record KubeConfigOptions
{
    /// <summary>For an operator's own file: it may name files and programs.</summary>
    public static KubeConfigOptions Own { get; } = new();

    /// <summary>For one that comes from elsewhere, such as a remote cluster's Secret: it may neither start programs nor read our files.</summary>
    public static KubeConfigOptions Foreign { get; } = new() { MayRunPrograms = false, MayReadFiles = false };

    /// <summary>Context to take; null takes <c>current-context</c>.</summary>
    public string? Context { get; init; }

    /// <summary>Whether <c>exec</c> is honoured.</summary>
    public bool MayRunPrograms { get; init; } = true;

    /// <summary>Whether files are honoured (<c>tokenFile</c>, <c>client-certificate</c>, …).</summary>
    public bool MayReadFiles { get; init; } = true;
}

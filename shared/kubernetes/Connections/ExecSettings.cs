namespace Ambient.Kubernetes.Connections;

/// <summary>A program that prints credentials (client-go's exec plugins). Immutable.</summary>
public sealed record ExecSettings
{
    /// <summary><c>command</c>.</summary>
    public required string Command { get; init; }

    /// <summary><c>args</c>.</summary>
    public IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary><c>env</c>, added to our own.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Environment { get; init; } = [];

    /// <summary><c>apiVersion</c>: client.authentication.k8s.io/v1 or v1beta1.</summary>
    public string ApiVersion { get; init; } = "client.authentication.k8s.io/v1";

    /// <summary><c>installHint</c>: what to tell who has no such program.</summary>
    public string? InstallHint { get; init; }

    /// <summary>Whether it is told about the cluster (<c>provideClusterInfo</c>): then its address.</summary>
    public Uri? ClusterServer { get; init; }

    /// <summary>How long it may take.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(30);
}

namespace Ambient.Kubernetes.Resources.Istio;

/// <summary>What a caller wants; every list that is not empty must match. Immutable.</summary>
public sealed record RuleOperation
{
    /// <summary><c>hosts</c> (L7).</summary>
    public IReadOnlyList<string> Hosts { get; init => field = value ?? []; } = [];

    /// <summary><c>notHosts</c> (L7).</summary>
    public IReadOnlyList<string> NotHosts { get; init => field = value ?? []; } = [];

    /// <summary><c>ports</c>.</summary>
    public IReadOnlyList<string> Ports { get; init => field = value ?? []; } = [];

    /// <summary><c>notPorts</c>.</summary>
    public IReadOnlyList<string> NotPorts { get; init => field = value ?? []; } = [];

    /// <summary><c>methods</c> (L7).</summary>
    public IReadOnlyList<string> Methods { get; init => field = value ?? []; } = [];

    /// <summary><c>notMethods</c> (L7).</summary>
    public IReadOnlyList<string> NotMethods { get; init => field = value ?? []; } = [];

    /// <summary><c>paths</c> (L7).</summary>
    public IReadOnlyList<string> Paths { get; init => field = value ?? []; } = [];

    /// <summary><c>notPaths</c> (L7).</summary>
    public IReadOnlyList<string> NotPaths { get; init => field = value ?? []; } = [];
}

namespace Ambient.Kubernetes.Resources.Gateways;

/// <summary>What a listener is. Immutable.</summary>
public sealed record ListenerStatus
{
    /// <summary><c>name</c>.</summary>
    public string Name { get; init => field = value ?? ""; } = "";

    /// <summary><c>supportedKinds</c>.</summary>
    public IReadOnlyList<RouteGroupKind> SupportedKinds { get; init => field = value ?? []; } = [];

    /// <summary><c>attachedRoutes</c>.</summary>
    public int AttachedRoutes { get; init; }

    /// <summary><c>conditions</c>.</summary>
    public IReadOnlyList<Condition> Conditions { get; init => field = value ?? []; } = [];
}

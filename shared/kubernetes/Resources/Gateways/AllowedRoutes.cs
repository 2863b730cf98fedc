namespace Ambient.Kubernetes.Resources.Gateways;

/// <summary>Which routes may attach. Immutable.</summary>
public sealed record AllowedRoutes
{
    /// <summary><c>namespaces</c>.</summary>
    public RouteNamespaces? Namespaces { get; init; }

    /// <summary><c>kinds</c>.</summary>
    public IReadOnlyList<RouteGroupKind> Kinds { get; init => field = value ?? []; } = [];
}

using System.Text.Json.Serialization;
using Ambient.Kubernetes.Resources.Json;

namespace Ambient.Kubernetes.Resources.Istio;

/// <summary>Who may do what. Immutable.</summary>
public sealed record AuthorizationPolicySpec
{
    /// <summary><c>selector</c>: pods; absent means all of the namespace.</summary>
    public WorkloadSelector? Selector { get; init; }

    /// <summary><c>targetRef</c>, the older form of <see cref="TargetRefs"/>.</summary>
    public TargetReference? TargetRef { get; init; }

    /// <summary><c>targetRefs</c>: what it is attached to.</summary>
    public IReadOnlyList<TargetReference> TargetRefs { get; init => field = value ?? []; } = [];

    /// <summary><c>action</c>: ALLOW (the default), DENY, AUDIT or CUSTOM.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string Action { get; init => field = value ?? ""; } = "";

    /// <summary><c>rules</c>: one must match.</summary>
    public IReadOnlyList<AuthorizationRule> Rules { get; init => field = value ?? []; } = [];

    /// <summary><c>provider</c> of CUSTOM.</summary>
    public ExtensionProvider? Provider { get; init; }
}

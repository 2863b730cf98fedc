using System.Text.Json.Serialization;
using Ambient.Kubernetes.Resources.Json;

namespace Ambient.Kubernetes.Resources;

/// <summary>What every object has: names, labels, versions. Immutable.</summary>
public sealed record ObjectMeta
{
    /// <summary><c>name</c>.</summary>
    public string Name { get; init => field = value ?? ""; } = "";

    /// <summary><c>generateName</c>: the server makes a name that begins so.</summary>
    public string? GenerateName { get; init; }

    /// <summary><c>namespace</c>; empty for objects of the cluster.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string Namespace { get; init => field = value ?? ""; } = "";

    /// <summary><c>uid</c>; never used twice.</summary>
    public string Uid { get; init => field = value ?? ""; } = "";

    /// <summary><c>resourceVersion</c>: opaque, for optimistic writes and resuming.</summary>
    public string ResourceVersion { get; init => field = value ?? ""; } = "";

    /// <summary><c>generation</c>: counts changes of the spec.</summary>
    public long Generation { get; init; }

    /// <summary><c>creationTimestamp</c>.</summary>
    public DateTimeOffset? CreationTimestamp { get; init; }

    /// <summary><c>deletionTimestamp</c>: it is on its way out.</summary>
    public DateTimeOffset? DeletionTimestamp { get; init; }

    /// <summary><c>labels</c>.</summary>
    public StringMap Labels { get; init => field = value ?? StringMap.Empty; } = StringMap.Empty;

    /// <summary><c>annotations</c>.</summary>
    public StringMap Annotations { get; init => field = value ?? StringMap.Empty; } = StringMap.Empty;

    /// <summary><c>ownerReferences</c>.</summary>
    public IReadOnlyList<OwnerReference> OwnerReferences { get; init => field = value ?? []; } = [];

    /// <summary><c>finalizers</c>.</summary>
    public IReadOnlyList<string> Finalizers { get; init => field = value ?? []; } = [];
}

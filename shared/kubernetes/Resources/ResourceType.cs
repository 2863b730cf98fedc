using System.Diagnostics.CodeAnalysis;

namespace Ambient.Kubernetes.Resources;

/// <summary>A kind of resources: where it is in the API, and how it is read. Immutable.</summary>
public abstract class ResourceType
{
    private static readonly string[] BuiltInGroups =
    [
        "", "apps", "batch", "autoscaling", "policy", "admissionregistration.k8s.io", "apiextensions.k8s.io", "authentication.k8s.io", "authorization.k8s.io",
        "certificates.k8s.io", "coordination.k8s.io", "discovery.k8s.io", "events.k8s.io", "networking.k8s.io", "node.k8s.io", "rbac.authorization.k8s.io",
        "scheduling.k8s.io", "storage.k8s.io",
    ];

    private protected ResourceType(string group, IReadOnlyList<string> versions, string plural, string kind, bool isNamespaced)
    {
        ArgumentOutOfRangeException.ThrowIfZero(versions.Count);
        (Group, Versions, Plural, Kind, IsNamespaced) = (group, versions, plural, kind, isNamespaced);
    }

    /// <summary>API group; empty for the core.</summary>
    public string Group { get; }

    /// <summary>Versions that the record can read, the best first; discovery takes the first that is served.</summary>
    public IReadOnlyList<string> Versions { get; }

    /// <summary>Name in paths, such as <c>pods</c>.</summary>
    public string Plural { get; }

    /// <summary>Name in objects, such as <c>Pod</c>.</summary>
    public string Kind { get; }

    /// <summary>Whether its objects live in namespaces.</summary>
    public bool IsNamespaced { get; }

    /// <summary>Plural and group, such as <c>gateways.gateway.networking.k8s.io</c>: the name of the definition of a custom resource.</summary>
    public string FullName => Group.Length == 0 ? Plural : Plural + "." + Group;

    /// <summary>Whether a CustomResourceDefinition makes it, so that it may come and go while the cluster runs.</summary>
    public bool IsCustom => !BuiltInGroups.Contains(Group);

    /// <summary><c>apiVersion</c> of objects in a version.</summary>
    public string ApiVersion(string version) => Group.Length == 0 ? version : Group + "/" + version;

    /// <summary>Reads an object of any type; the reason and place when it cannot be read.</summary>
    public abstract bool TryReadAny(ReadOnlySpan<byte> json, [NotNullWhen(true)] out Resource? resource, [NotNullWhen(false)] out ReadProblem? problem);

    /// <inheritdoc/>
    public override string ToString() => FullName;
}

using Ambient.ControlPlane.Controllers.Clusters;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Gateways;

namespace Ambient.ControlPlane.Controllers.Leading;

/// <summary>
/// What of the cluster a revision of the control plane writes: what is labelled with it, and the default revision also what has no label, so that one that is only tried
/// beside it takes nothing over. Immutable.
/// </summary>
public sealed class WritingRevision(string name)
{
    /// <summary>The Lease of what all revisions write alike: roots, classes, addresses.</summary>
    public const string SharedLeaseName = "ambientd-shared";

    private const string DefaultName = "default";
    internal const string Label = "istio.io/rev";

    /// <summary>The revision that has what is not labelled.</summary>
    public static WritingRevision Default { get; } = new(DefaultName);

    /// <summary>The Lease of the replicas of this revision.</summary>
    public string LeaseName => Name == DefaultName ? "ambientd-leader" : $"ambientd-leader-{Name}";

    private string Name => name.Length == 0 ? DefaultName : name;

    /// <summary>Whether what is to be said about an object is said by this revision; by the default one where the object is not known.</summary>
    public bool Writes(Resource? resource) => WritesLabelled(resource?.Metadata.Labels.Find(Label));

    /// <summary>Whether what has this label, null for none, is this revision's.</summary>
    internal bool WritesLabelled(string? label) => (label ?? DefaultName) == Name;

    /// <summary>Whether a Gateway is this revision's, by its own label or else its namespace's.</summary>
    public bool Writes(Gateway gateway, ClusterView view)
    {
        ArgumentNullException.ThrowIfNull(gateway);
        ArgumentNullException.ThrowIfNull(view);
        string? label = gateway.Metadata.Labels.Find(Label) ?? view.Find(KnownResources.Namespaces, new ResourceKey("", gateway.Metadata.Namespace))?.Metadata.Labels.Find(Label);
        return WritesLabelled(label);
    }
}

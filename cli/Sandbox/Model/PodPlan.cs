namespace Ambient.Cli.Sandbox.Model;

/// <summary>A pod of the sandbox as the mesh knows it. Immutable.</summary>
/// <param name="Name">Its name, unique in the sandbox.</param>
/// <param name="Namespace">Its Kubernetes-style namespace.</param>
/// <param name="ServiceAccount">Its service account.</param>
/// <param name="Node">The node it runs on.</param>
internal sealed record PodPlan(string Name, string Namespace, string ServiceAccount, string Node)
{
    /// <summary>Whether it is to be captured; a pod outside the mesh is known as a plain TCP workload.</summary>
    public bool IsMeshed { get; init; } = true;

    /// <summary>Its labels, by which services and policies select it.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal) { ["app"] = Name };

    /// <summary>What runs in it; null for one that only asks.</summary>
    public Applications.SandboxApplication? Application { get; init; }

    /// <summary>Its SPIFFE identity.</summary>
    public string Identity => $"spiffe://cluster.local/ns/{Namespace}/sa/{ServiceAccount}";

    /// <summary>Labels of an application and its version.</summary>
    public static IReadOnlyDictionary<string, string> Of(string app, string version) => new Dictionary<string, string>(StringComparer.Ordinal) { ["app"] = app, ["version"] = version };
}

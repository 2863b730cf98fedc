using System.Net;

namespace Ambient.Cli.Sandbox.Model;

/// <summary>
/// The folder of manifests that both node agents follow, in the words of Kubernetes: namespaces with their labels, and a file per pod, which may be
/// edited while the sandbox runs. Thread-safe for different pods.
/// </summary>
internal sealed class PodManifests(string folder)
{
    private const string ModeLabel = "istio.io/dataplane-mode";

    /// <summary>The folder.</summary>
    public string Folder { get; } = folder;

    /// <summary>Writes the namespaces of the pods; those with a pod of the mesh carry its label.</summary>
    public void WriteNamespaces(IEnumerable<PodPlan> pods)
    {
        IEnumerable<string> texts = pods.GroupBy(p => p.Namespace, StringComparer.Ordinal).Select(g => $$"""
            apiVersion: v1
            kind: Namespace
            metadata:
              name: {{g.Key}}
              labels: {{{(g.Any(p => p.IsMeshed) ? ModeLabel + ": ambient" : "")}}}

            """);
        Replace("namespaces.yaml", string.Join("---\n", texts));
    }

    /// <summary>Writes a pod; one without addresses is about to be attached.</summary>
    /// <param name="pod">The pod.</param>
    /// <param name="uid">Its UID.</param>
    /// <param name="networkPath">Its network namespace.</param>
    /// <param name="addresses">Its addresses.</param>
    /// <param name="mode">Its own data plane mode; null leaves it to the namespace.</param>
    public void Write(PodPlan pod, string uid, string networkPath, IReadOnlyList<IPAddress> addresses, string? mode = null)
    {
        string status = addresses.Count == 0
            ? "{phase: Pending}"
            : $"{{phase: Running, podIP: \"{addresses[0]}\", podIPs: [{string.Join(", ", addresses.Select(a => $"{{ip: \"{a}\"}}"))}]}}";
        Replace(FileOf(pod), $$"""
            apiVersion: v1
            kind: Pod
            metadata:
              name: {{pod.Name}}
              namespace: {{pod.Namespace}}
              uid: {{uid}}
              labels: {app: {{pod.Name}}{{(mode is null ? "" : $", {ModeLabel}: {mode}")}}}
              annotations: {sandbox.ambient/network-namespace: {{networkPath}}}
            spec: {nodeName: {{pod.Node}}, serviceAccountName: {{pod.ServiceAccount}}, containers: [{name: app}]}
            status: {{status}}

            """);
    }

    /// <summary>Removes a pod.</summary>
    public void Remove(PodPlan pod) => File.Delete(Path.Combine(Folder, FileOf(pod)));

    /// <summary>The file of a pod.</summary>
    public static string FileOf(PodPlan pod) => $"{pod.Namespace}.{pod.Name}.yaml";

    private void Replace(string file, string text)
    {
        string path = Path.Combine(Folder, file), draft = path + ".new";
        File.WriteAllText(draft, text);
        File.Move(draft, path, overwrite: true);
    }
}

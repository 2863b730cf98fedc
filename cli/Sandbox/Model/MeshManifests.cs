using System.Net;

namespace Ambient.Cli.Sandbox.Model;

/// <summary>
/// The folder of manifests that the control plane and both node agents follow, in the words of Kubernetes: what an API server would hold. It may be edited
/// while the sandbox runs; files are replaced in one step, and of a pod's file only the lines that a kubelet writes are touched later. Thread-safe.
/// </summary>
internal sealed class MeshManifests(string folder)
{
    private const string ModeLabel = "istio.io/dataplane-mode";
    private const string CapturedNote = ", ambient.istio.io/redirection: enabled}";
    private readonly Lock _gate = new();
    private readonly HashSet<string> _captured = new(StringComparer.Ordinal);

    /// <summary>The folder.</summary>
    public string Folder { get; } = folder;

    /// <summary>The file of a pod.</summary>
    public static string FileOf(PodPlan pod) => FileOf(pod.Namespace, pod.Name);

    /// <summary>Writes the nodes, and the namespaces of the pods; those with a pod of the mesh carry its label.</summary>
    public void WriteCluster(IEnumerable<string> nodes, IEnumerable<PodPlan> pods)
    {
        IEnumerable<string> texts = pods.GroupBy(p => p.Namespace, StringComparer.Ordinal).Select(g => $$"""
            apiVersion: v1
            kind: Namespace
            metadata:
              name: {{g.Key}}
              labels: {{{(g.Any(p => p.IsMeshed) ? ModeLabel + ": ambient" : "")}}}

            """);
        Apply("namespaces.yaml", string.Join("---\n", texts));
        Apply("nodes.yaml", string.Join("---\n", nodes.Select(n => $$"""
            apiVersion: v1
            kind: Node
            metadata: {name: {{n}}, labels: {topology.kubernetes.io/region: sandbox, topology.kubernetes.io/zone: {{n}} } }

            """)));
    }

    /// <summary>Writes the services; their pods are those with the label <c>app</c> of their name.</summary>
    public void WriteServices(IEnumerable<ServicePlan> services) => Apply("services.yaml", string.Join("---\n", services.Select(s => $$"""
        apiVersion: v1
        kind: Service
        metadata: {name: {{s.Name}}, namespace: {{s.Namespace}}}
        spec:
          clusterIP: {{s.Address}}
          clusterIPs: ["{{s.Address}}", "{{s.AddressV6}}"]
          ipFamilies: [IPv4, IPv6]
          selector: {app: {{s.Name}}}
          ports: [{name: tcp, port: {{s.Port}}, targetPort: {{s.TargetPort}}}]

        """)));

    /// <summary>Writes a pod; one without addresses is about to be attached.</summary>
    /// <param name="pod">The pod.</param>
    /// <param name="uid">Its UID.</param>
    /// <param name="networkPath">Its network namespace; null for a pod in its node's network.</param>
    /// <param name="addresses">Its addresses.</param>
    /// <param name="isReady">Whether its application runs.</param>
    public void Write(PodPlan pod, string uid, string? networkPath, IReadOnlyList<IPAddress> addresses, bool isReady)
    {
        string labels = string.Join(", ", pod.Labels.Select(l => $"{l.Key}: \"{l.Value}\""));
        Apply(FileOf(pod), $$"""
            apiVersion: v1
            kind: Pod
            metadata:
              name: {{pod.Name}}
              namespace: {{pod.Namespace}}
              uid: {{uid}}
              labels: {{{labels}}}
              annotations: {{{(networkPath is null ? "" : "sandbox.ambient/network-namespace: " + networkPath)}}}
            spec: {nodeName: {{pod.Node}}, serviceAccountName: {{pod.ServiceAccount}}, hostNetwork: {{(networkPath is null ? "true" : "false")}}, containers: [{name: app}]}
            {{Status(addresses, isReady)}}

            """);
    }

    /// <summary>Says what a kubelet says of a pod; whatever else its file holds stays. Nothing when there is no such pod.</summary>
    public void SetStatus(PodPlan pod, IReadOnlyList<IPAddress> addresses, bool isReady) =>
        Edit(FileOf(pod), line => line.StartsWith("status: ", StringComparison.Ordinal) ? Status(addresses, isReady) : line);

    /// <summary>Gives a pod a data plane mode of its own, or takes it away.</summary>
    public void SetMode(PodPlan pod, string? mode) => Edit(FileOf(pod), line =>
    {
        if (!line.StartsWith("  labels: {", StringComparison.Ordinal))
        {
            return line;
        }

        int at = line.IndexOf(", " + ModeLabel, StringComparison.Ordinal);
        string kept = at < 0 ? line[..^1] : line[..at];
        return mode is null ? kept + "}" : $"{kept}, {ModeLabel}: {mode}}}";
    });

    /// <summary>Notes that a pod is captured, and so speaks HBONE, as a node agent does at an API server; true when that is news.</summary>
    public bool SetCaptured(string podNamespace, string name, bool isCaptured)
    {
        string file = FileOf(podNamespace, name);
        lock (_gate)
        {
            if (_captured.Contains(file) == isCaptured)
            {
                return false;
            }

            bool isNews = Edit(file, line =>
                !line.StartsWith("  annotations: {", StringComparison.Ordinal) || line.EndsWith(CapturedNote, StringComparison.Ordinal) == isCaptured ? line
                : isCaptured ? line[..^1] + CapturedNote
                : line[..^CapturedNote.Length] + "}");
            _ = isCaptured ? _captured.Add(file) : _captured.Remove(file);
            return isNews;
        }
    }

    /// <summary>Whether a pod is noted as captured.</summary>
    public bool IsCaptured(PodPlan pod)
    {
        lock (_gate)
        {
            string path = Path.Combine(Folder, FileOf(pod));
            return File.Exists(path) && File.ReadAllText(path).Contains(CapturedNote, StringComparison.Ordinal);
        }
    }

    /// <summary>Removes a pod.</summary>
    public void Remove(PodPlan pod) => Delete(FileOf(pod));

    /// <summary>Writes a file as a whole: readers see the old one or the new one.</summary>
    public void Apply(string file, string text)
    {
        lock (_gate)
        {
            Replace(Path.Combine(Folder, file), text);
            _captured.Remove(file);
        }
    }

    /// <summary>Removes a file; one that is not there is no error.</summary>
    public void Delete(string file)
    {
        lock (_gate)
        {
            File.Delete(Path.Combine(Folder, file));
            _captured.Remove(file);
        }
    }

    private static string FileOf(string podNamespace, string name) => $"pod.{podNamespace}.{name}.yaml";

    private static string Status(IReadOnlyList<IPAddress> addresses, bool isReady) => addresses.Count == 0
        ? "status: {phase: Pending}"
        : $"status: {{phase: Running, conditions: [{{type: Ready, status: \"{(isReady ? "True" : "False")}\"}}], podIP: \"{addresses[0]}\", podIPs: [{string.Join(", ", addresses.Select(a => $"{{ip: \"{a}\"}}"))}]}}";

    private static void Replace(string path, string text)
    {
        string draft = path + ".new";
        File.WriteAllText(draft, text);
        File.Move(draft, path, overwrite: true);
    }

    private bool Edit(string file, Func<string, string> change)
    {
        lock (_gate)
        {
            string path = Path.Combine(Folder, file);
            if (!File.Exists(path))
            {
                return false;
            }

            string text = File.ReadAllText(path), changed = string.Join('\n', text.Split('\n').Select(change));
            if (changed == text)
            {
                return false;
            }

            Replace(path, changed);
            return true;
        }
    }
}

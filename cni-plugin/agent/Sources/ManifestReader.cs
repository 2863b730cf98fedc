using System.Net;
using Ambient.Cni.Agent.Pods;
using Ambient.Cni.Enrolment.Pods;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Ambient.Cni.Agent.Sources;

/// <summary>Reads pods and namespaces out of Kubernetes manifests in YAML. Pure; foreign text gives errors, never exceptions.</summary>
public static class ManifestReader
{
    /// <summary>Annotation with the path of a pod's network namespace, for pods that no kubelet runs.</summary>
    public const string NetworkAnnotation = "sandbox.ambient/network-namespace";

    /// <summary>
    /// The pods (those of other nodes and without a name are left out) and namespaces of one file. Documents of other kinds are not looked at.
    /// </summary>
    public static bool TryRead(string text, string? node, out ManifestContent content, out string? error)
    {
        content = new ManifestContent([], []);
        error = null;
        var yaml = new YamlStream();
        try
        {
            yaml.Load(new StringReader(text));
        }
        catch (YamlException e)
        {
            error = $"line {e.Start.Line}: {e.Message}";
            return false;
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException)
        {
            // What the library's own state machine did not expect.
            error = "line 1: not YAML: " + e.Message;
            return false;
        }

        List<PodRecord> pods = [];
        List<NamespaceFacts> namespaces = [];
        foreach (YamlNode document in yaml.Documents.Select(d => d.RootNode))
        {
            var fields = new ManifestFields(document);
            switch (fields.Text("kind"))
            {
                case "Pod" when fields.Text("metadata", "name") is null:
                    error = $"line {document.Start.Line}: a Pod without metadata.name";
                    return false;
                case "Pod" when node is null || (fields.Text("spec", "nodeName") ?? node) == node:
                    pods.Add(ReadPod(fields));
                    break;
                case "Namespace" when fields.Text("metadata", "name") is { } name:
                    namespaces.Add(new NamespaceFacts(name, fields.Map("metadata", "labels")));
                    break;
                case "Namespace":
                    error = $"line {document.Start.Line}: a Namespace without metadata.name";
                    return false;
                default:
                    break;
            }
        }

        content = new ManifestContent(pods, namespaces);
        return true;
    }

    private static PodRecord ReadPod(ManifestFields fields)
    {
        string name = fields.Text("metadata", "name")!, ns = fields.Text("metadata", "namespace") ?? "default";
        IReadOnlyDictionary<string, string> annotations = fields.Map("metadata", "annotations");
        IReadOnlyList<IPAddress> addresses = PodAddresses.FromStatus(fields.Text("status", "podIP"), fields.Items("status", "podIPs").Select(i => i.Text("ip")), out _);
        return new PodRecord
        {
            Facts = new PodFacts
            {
                Name = name,
                Namespace = ns,
                Uid = fields.Text("metadata", "uid") ?? $"{ns}.{name}",
                Labels = fields.Map("metadata", "labels"),
                Annotations = annotations,
                HostNetwork = fields.Text("spec", "hostNetwork") == "true",
                Phase = PodPhases.Parse(fields.Text("status", "phase")),
            },
            ServiceAccount = fields.Text("spec", "serviceAccountName") ?? "default",
            Addresses = addresses,
            ProbePorts = [.. ProbePorts(fields)],
            Annotation = annotations.GetValueOrDefault(Enrolment.EnrolmentRules.RedirectionAnnotation),
        };
    }

    /// <summary>Ports of HTTP, TCP and gRPC probes; a named one is looked up among the container's ports.</summary>
    private static IEnumerable<int> ProbePorts(ManifestFields pod)
    {
        var ports = new SortedSet<int>();
        foreach (ManifestFields container in pod.Items("spec", "containers").Concat(pod.Items("spec", "initContainers")))
        {
            foreach (string probe in (string[])["livenessProbe", "readinessProbe", "startupProbe"])
            {
                foreach (string kind in (string[])["httpGet", "tcpSocket", "grpc"])
                {
                    string? port = container.Text(probe, kind, "port");
                    string? number = container.Items("ports").FirstOrDefault(p => p.Text("name") == port).Text("containerPort") ?? port;
                    if (ushort.TryParse(number, out ushort value) && value > 0)
                    {
                        ports.Add(value);
                    }
                }
            }
        }

        return ports;
    }
}

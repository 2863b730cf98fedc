using System.Globalization;
using System.Text;
using Ambient.Kubernetes.Api;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Workloads;
using Ambient.Kubernetes.Watching;

namespace Ambient.Benchmarks.ControlPlane;

/// <summary>
/// A cluster that exists only as the JSON an API server would send: pods in namespaces of a thousand, ten pods for each service, nodes of fifty pods.
/// Reading the JSON is part of what is measured. Thread-safe.
/// </summary>
internal sealed class SyntheticCluster(int pods, int services) : IResourceSource
{
    private const int PodsOfNamespace = 1000;
    private const int PodsOfNode = 50;

    public async Task RunAsync<T>(ResourceType<T> type, ResourceScope scope, Func<ResourceEvent<T>, ValueTask> tell, CancellationToken cancellation)
        where T : Resource
    {
        await Task.Yield();
        await tell(ResourceEvent<T>.ListBegins());
        foreach (string json in Objects(type))
        {
            if (!type.TryRead(Encoding.UTF8.GetBytes(json), out T? read, out ReadProblem? problem))
            {
                throw new InvalidOperationException(problem.ToString());
            }

            await tell(ResourceEvent<T>.Changed(read));
        }

        await tell(ResourceEvent<T>.ListEnds());
        await Task.Delay(Timeout.InfiniteTimeSpan, cancellation);
    }

    /// <summary>A pod as it is after some changes.</summary>
    public Pod Pod(int number, int version) =>
        KnownResources.Pods.TryRead(Encoding.UTF8.GetBytes(PodJson(number, version)), out Pod? pod, out ReadProblem? problem) ? pod : throw new InvalidOperationException(problem.ToString());

    private IEnumerable<string> Objects(ResourceType type) => type.Kind switch
    {
        "Namespace" => Enumerable.Range(0, (pods / PodsOfNamespace) + 1).Select(static i => $$$$"""{"metadata":{"name":"ns-{{{{i}}}}","resourceVersion":"1"}}"""),
        "Node" => Enumerable.Range(0, (pods / PodsOfNode) + 1).Select(static i => $$$$"""{"metadata":{"name":"node-{{{{i}}}}","resourceVersion":"1","labels":{"topology.kubernetes.io/region":"r","topology.kubernetes.io/zone":"z-{{{{i % 3}}}}"}}}"""),
        "Service" => Enumerable.Range(0, services).Select(ServiceJson),
        "Pod" => Enumerable.Range(0, pods).Select(static i => PodJson(i, 0)),
        _ => [],
    };

    private int ServicesOfNamespace => Math.Max(1, services / Math.Max(1, pods / PodsOfNamespace));

    private string ServiceJson(int i)
    {
        int ns = i / ServicesOfNamespace, app = i % ServicesOfNamespace;
        return $$$$"""
            {"metadata":{"name":"app-{{{{app}}}}","namespace":"ns-{{{{ns}}}}","uid":"s-{{{{i}}}}","resourceVersion":"1"},
             "spec":{"clusterIP":"10.{{{{100 + (i >> 16)}}}}.{{{{(i >> 8) & 255}}}}.{{{{i & 255}}}}","selector":{"app":"app-{{{{app}}}}"},"ports":[{"name":"http","port":80,"targetPort":8080,"protocol":"TCP"},{"name":"metrics","port":9090,"targetPort":"metrics"}]}}
            """;
    }

    private static string PodJson(int i, int version)
    {
        int ns = i / PodsOfNamespace, app = i % PodsOfNamespace % 100;
        string ready = version % 2 == 0 ? "True" : "False";
        return string.Create(CultureInfo.InvariantCulture, $$$$"""
            {"metadata":{"name":"app-{{{{app}}}}-7d9f8b6c5-{{{{i}}}}","generateName":"app-{{{{app}}}}-7d9f8b6c5-","namespace":"ns-{{{{ns}}}}","uid":"p-{{{{i}}}}","resourceVersion":"{{{{version + 1}}}}",
             "labels":{"app":"app-{{{{app}}}}","version":"v1","pod-template-hash":"7d9f8b6c5"},"annotations":{"ambient.istio.io/redirection":"enabled"},
             "ownerReferences":[{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"app-{{{{app}}}}-7d9f8b6c5","uid":"r-{{{{app}}}}","controller":true}]},
             "spec":{"nodeName":"node-{{{{i / PodsOfNode}}}}","serviceAccountName":"app-{{{{app}}}}","containers":[{"name":"main","image":"registry/app:1","ports":[{"containerPort":8080},{"name":"metrics","containerPort":9090}]}]},
             "status":{"phase":"Running","podIP":"10.{{{{(i >> 16) & 63}}}}.{{{{(i >> 8) & 255}}}}.{{{{i & 255}}}}","podIPs":[{"ip":"10.{{{{(i >> 16) & 63}}}}.{{{{(i >> 8) & 255}}}}.{{{{i & 255}}}}"}],"conditions":[{"type":"Ready","status":"{{{{ready}}}}"}]}}
            """);
    }
}

using Ambient.Kubernetes.Api;
using Ambient.Kubernetes.Connections;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Workloads;

namespace Ambient.Cli.Sources;

/// <summary>A cluster as the operator's kubeconfig names it. Thread-safe.</summary>
internal sealed class ClusterAccess : IDisposable
{
    /// <summary>Label of ztunnel's pods.</summary>
    public const string ZtunnelLabels = "app=ztunnel";

    private const string GatewayLabel = "gateway.networking.k8s.io/gateway-name";
    private const int AdminPortNumber = 15000;

    private ClusterAccess(ClusterConnection connection)
    {
        Api = new KubernetesClient(connection, new ClientOptions { Tries = 2 }, TimeProvider.System);
        Forward = new PortForward(connection);
        Server = connection.Server;
    }

    /// <summary>The API.</summary>
    public KubernetesClient Api { get; }

    /// <summary>Ports of pods.</summary>
    public PortForward Forward { get; }

    /// <summary>Address of the API server.</summary>
    public Uri Server { get; }

    /// <summary>Opens a cluster: the given file, else KUBECONFIG, else ~/.kube/config, else the pod that we are in. Null with the reason.</summary>
    public static ClusterAccess? Open(string? kubeconfig, string? context, out string? error)
    {
        Dictionary<string, string> environment = [];
        foreach (System.Collections.DictionaryEntry variable in Environment.GetEnvironmentVariables())
        {
            environment[(string)variable.Key] = (string?)variable.Value ?? "";
        }

        KubeConfigOptions options = KubeConfigOptions.Own with { Context = context };
        ClusterConnection? connection = kubeconfig is not null
            ? KubeConfig.LoadFiles([kubeconfig], options, TimeProvider.System, out error)
            : KubeConfig.Load(environment, options, TimeProvider.System, out error);
        if (connection is null && kubeconfig is null)
        {
            connection = ClusterConnection.InCluster(environment, TimeProvider.System, out _);
        }

        return connection is null ? null : new ClusterAccess(connection);
    }

    /// <summary>ztunnel's pods, by node; or the reason.</summary>
    public async Task<(IReadOnlyList<Pod> Pods, string? Error)> ZtunnelsAsync(string space, CancellationToken cancellation)
    {
        ApiResult<ListPage<Pod>> listed = await Api.ListAsync(KnownResources.Pods, new ResourceScope(space, ZtunnelLabels), cancellation);
        return listed.IsOk(out ListPage<Pod>? page, out ApiError? error)
            ? ([.. page.Items.OrderBy(static p => p.Spec.NodeName, StringComparer.Ordinal)], null)
            : ([], $"pods of {space} cannot be listed: {error}");
    }

    /// <summary>Pods of the waypoints of a namespace, or of one of them; or the reason.</summary>
    public async Task<(IReadOnlyList<Pod> Pods, string? Error)> WaypointsAsync(string space, string? name, CancellationToken cancellation)
    {
        ApiResult<ListPage<Pod>> listed = await Api.ListAsync(KnownResources.Pods, new ResourceScope(space, GatewayLabel), cancellation);
        return listed.IsOk(out ListPage<Pod>? page, out ApiError? error)
            ? ([.. page.Items.Where(p => name is null || p.Metadata.Name == name || p.Metadata.Labels.GetValueOrDefault(GatewayLabel) == name).OrderBy(static p => p.Metadata.Name, StringComparer.Ordinal)], null)
            : ([], $"pods of {space} cannot be listed: {error}");
    }

    /// <summary>The admin port of a pod.</summary>
    public AdminPort AdminOf(Pod pod) => new(
        $"{pod.Metadata.Name}.{pod.Metadata.Namespace}",
        new Uri("http://127.0.0.1:15000"),
        cancellation => Forward.ConnectAsync(pod.Metadata.Namespace, pod.Metadata.Name, AdminPortNumber, cancellation));

    /// <inheritdoc/>
    public void Dispose()
    {
        Api.Dispose();
        Forward.Dispose();
    }
}

using System.Net;
using System.Net.Sockets;
using System.Text;
using Ambient.Kubernetes.Api;
using Ambient.Kubernetes.Connections;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Workloads;
using Ambient.Rig;
using Ambient.Testing.Networks;
using Ambient.Testing.Waiting;

namespace Ambient.Component.Tests.Kubernetes;

/// <summary>A real kube-apiserver over a real etcd, as plain processes; no node, no controllers. Shared by the tests of a collection.</summary>
public sealed class ApiServerFixture : IAsyncLifetime, IDisposable
{
    private readonly int _etcdPort = FreePort();
    private readonly int _port = FreePort();
    private Peer? _etcd;
    private Peer? _server;

    public ApiServerFiles Files { get; private set; } = null!;

    public KubernetesClient Admin { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        if (KubernetesBinaries.Missing("kube-apiserver", "etcd") is not null)
        {
            return;
        }

        Files = new ApiServerFiles(_port);
        Admin = Client(Files.Path("admin.conf"));
        string url = $"http://127.0.0.1:{_etcdPort}";
        _etcd = Peer.Start("etcd", Path.Combine(KubernetesBinaries.Folder, "etcd"), "--data-dir", Files.Path("etcd"), "--listen-client-urls", url, "--advertise-client-urls", url, "--listen-peer-urls", $"http://127.0.0.1:{FreePort()}", "--unsafe-no-fsync");
        await StartAsync();
    }

    public async Task DisposeAsync()
    {
        await StopAsync();
        if (_etcd is not null)
        {
            await _etcd.DisposeAsync();
        }
    }

    public void Dispose()
    {
        Admin?.Dispose();
        Files?.Dispose();
    }

    public static KubernetesClient Client(string kubeconfig, ClientOptions? options = null)
    {
        ClusterConnection? connection = KubeConfig.LoadFiles([kubeconfig], KubeConfigOptions.Own, TimeProvider.System, out string? error);
        Assert.True(connection is not null, error);
        return new KubernetesClient(connection, options ?? new ClientOptions(), TimeProvider.System);
    }

    public async Task StartAsync()
    {
        _server = Peer.Start(
            "kube-apiserver",
            Path.Combine(KubernetesBinaries.Folder, "kube-apiserver"),
            $"--etcd-servers=http://127.0.0.1:{_etcdPort}",
            $"--secure-port={_port}",
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            "--service-cluster-ip-range=10.96.0.0/16",
            "--authorization-mode=Node,RBAC",
            "--disable-admission-plugins=ServiceAccount",
            "--client-ca-file=" + Files.Path("ca.crt"),
            "--tls-cert-file=" + Files.Path("server.crt"),
            "--tls-private-key-file=" + Files.Path("server.key"),
            "--service-account-issuer=https://kubernetes.default.svc",
            "--service-account-key-file=" + Files.Path("sa.pub"),
            "--service-account-signing-key-file=" + Files.Path("sa.key"));
        await Eventually.PassesAsync(
            async () => Assert.True((await Admin.GetAsync(KnownResources.Namespaces, new ResourceKey("", "default"), CancellationToken.None)).IsOk(out _, out ApiError? error), $"{error}\n{Tail()}"),
            TimeSpan.FromSeconds(120));
    }

    public async Task StopAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
            _server = null;
        }
    }

    /// <summary>Throws away all versions but the newest, as etcd does by and by.</summary>
    public async Task CompactAsync()
    {
        using var http = new HttpClient();
        using HttpResponseMessage range = await http.PostAsync(new Uri($"http://127.0.0.1:{_etcdPort}/v3/kv/range"), new StringContent("""{"key":"AA=="}"""));
        string revision = System.Text.Json.JsonDocument.Parse(await range.Content.ReadAsStringAsync()).RootElement.GetProperty("header").GetProperty("revision").GetString()!;
        using HttpResponseMessage compacted = await http.PostAsync(new Uri($"http://127.0.0.1:{_etcdPort}/v3/kv/compaction"), new StringContent($$"""{"revision":"{{revision}}","physical":true}"""));
        Assert.True(compacted.IsSuccessStatusCode, await compacted.Content.ReadAsStringAsync());
    }

    /// <summary>A namespace for one test.</summary>
    public async Task<string> NamespaceAsync(string labels = "{}")
    {
        string name = "t-" + Guid.NewGuid().ToString("N")[..8];
        await ApplyAsync(KnownResources.Namespaces, new ResourceKey("", name), $$$"""{"apiVersion":"v1","kind":"Namespace","metadata":{"labels":{{{labels}}},"name":"{{{name}}}"}}""");
        return name;
    }

    public Task<Pod> PodAsync(string space, string name, string node = "n1", string account = "default") => ApplyAsync(
        KnownResources.Pods,
        new ResourceKey(space, name),
        $$$"""{"apiVersion":"v1","kind":"Pod","metadata":{"name":"{{{name}}}","labels":{"app":"{{{name}}}"}},"spec":{"nodeName":"{{{node}}}","serviceAccountName":"{{{account}}}","containers":[{"name":"c","image":"i","ports":[{"containerPort":80}]}]}}""");

    public async Task<T> ApplyAsync<T>(ResourceType<T> type, ResourceKey key, string json)
        where T : Resource
    {
        ApiResult<T> applied = await Admin.PatchAsync(type, key, Patch.Apply(Encoding.UTF8.GetBytes(json), "rig"), CancellationToken.None);
        Assert.True(applied.IsOk(out T? made, out ApiError? error), error?.ToString());
        return made;
    }

    /// <summary>Deletes a pod at once, as a kubelet would when its containers have ended.</summary>
    public async Task RemovePodAsync(string space, string name)
    {
        ApiError? error = await Admin.DeleteAsync(KnownResources.Pods, new ResourceKey(space, name), CancellationToken.None, new DeleteOptions { GraceSeconds = 0 });
        Assert.Null(error);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private string Tail() => string.Join('\n', (_server?.Log ?? "").Split('\n').TakeLast(5));
}

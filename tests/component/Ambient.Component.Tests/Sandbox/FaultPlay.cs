using System.Net.Sockets;
using System.Text;
using Ambient.Cli.Sandbox;
using Ambient.Cli.Sandbox.Model;
using Ambient.Cli.Sandbox.Nodes;
using Ambient.Testing.Waiting;

namespace Ambient.Component.Tests.Sandbox;

/// <summary>
/// A running sandbox to which things happen: the client of node1 asks a service without pause while its node falls apart. A kubelet of sorts brings
/// back what is to run.
/// </summary>
internal sealed class FaultPlay : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(20);
    private readonly SandboxMesh _mesh;
    private readonly CancellationTokenSource _ending = new();
    private readonly byte[] _request;
    private readonly Task _traffic;
    private readonly List<Task> _kubelet = [];
    private readonly string _namespaces;
    private volatile SandboxPod? _client;
    private int _asked;
    private int _answered;

    public FaultPlay(SandboxMesh mesh, string marker)
    {
        _mesh = mesh;
        _client = mesh.Pod(SandboxLayout.Client);
        _namespaces = Path.Combine(mesh.Directory, "manifests", "namespaces.yaml");
        NamespacesText = File.ReadAllText(_namespaces);
        _request = Encoding.ASCII.GetBytes($"GET /?say={marker} HTTP/1.1\r\nHost: web\r\nConnection: close\r\n\r\n");
        _traffic = Task.Run(AskAsync);
    }

    /// <summary>Requests that were tried, and those that were answered.</summary>
    public (int Asked, int Answered) Count => (Volatile.Read(ref _asked), Volatile.Read(ref _answered));

    private string NamespacesText { get; }

    private SandboxNode Node => _mesh.Nodes["node1"];

    private string List => Path.Combine(_mesh.Directory, "node1", "net.d", "00-ambient-cni.conflist");

    public async Task DoAsync(string fault)
    {
        switch (fault)
        {
            case "sandbox restart":
                _kubelet.Add(RestartClientAsync());
                break;
            case "agent restart":
                await Node.Agent.KillAsync(hold: false);
                break;
            case "proxy restart":
                await Node.Ztunnel.KillAsync(hold: false);
                break;
            case "conflist overwritten":
                File.Copy(Path.Combine(Path.GetDirectoryName(List)!, "10-pods.conflist"), List, overwrite: true);
                break;
            case "API error":
                await File.WriteAllTextAsync(_namespaces, "{ what is no YAML");
                break;
            default:
                if (_mesh.Pods.FirstOrDefault(p => p.Plan == SandboxLayout.WebV1) is { Application: not null } pod)
                {
                    await _mesh.KillPodAsync(pod);
                    _kubelet.Add(Task.Run(() => AttachAsync(SandboxLayout.WebV1, null)));
                }

                break;
        }
    }

    /// <summary>All faults are over: everything must come back by itself. Fails the test otherwise.</summary>
    public async Task SettleAsync()
    {
        await File.WriteAllTextAsync(_namespaces, NamespacesText);
        await Task.WhenAll(_kubelet).WaitAsync(Patience);
        _kubelet.Clear();
        await Eventually.TrueAsync(() => File.ReadAllText(List).Contains("ambient-cni", StringComparison.Ordinal), Patience, "the CNI configuration is healed");
        await Node.WaitReadyAsync(Patience, CancellationToken.None);
        string[] meshed = [.. _mesh.Pods.Where(p => p.Plan is { IsMeshed: true, Node: "node1" }).Select(p => $"{p.Plan.Namespace}/{p.Plan.Name}")];
        await Eventually.TrueAsync(
            async () => (await Node.PodsAsync(CancellationToken.None)).Where(p => meshed.Contains(p.Name)).ToArray() is var pods && pods.Length == meshed.Length && pods.All(p => p is { IsProven: true, Guard: "Absent" }),
            Patience,
            "no pod is stuck; agent: " + Node.Agent.LogTail());
        int before = Count.Answered;
        await Eventually.TrueAsync(() => Count.Answered > before + 3, Patience, "the client is answered again");
    }

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        await _traffic;
        _ending.Dispose();
    }

    private async Task RestartClientAsync()
    {
        if (Interlocked.Exchange(ref _client, null) is not { } old)
        {
            // It is being made anew already.
            return;
        }

        await _mesh.EndSandboxAsync(old);
        await AttachAsync(old.Plan, old.Uid);
    }

    /// <summary>A kubelet: a failed sandbox is thrown away and made again, until it works.</summary>
    private async Task AttachAsync(PodPlan plan, string? uid)
    {
        while (!_ending.IsCancellationRequested)
        {
            await Task.Delay(Between, TimeProvider.System);
            if (!File.ReadAllText(List).Contains("ambient-cni", StringComparison.Ordinal))
            {
                // A list without us makes pods without us: how soon it is healed is the installer's own promise.
                continue;
            }

            (SandboxPod pod, string? error) = await _mesh.TryAttachOnceAsync(plan, uid);
            if (error is not null)
            {
                await _mesh.EndSandboxAsync(pod);
                continue;
            }

            if (plan == SandboxLayout.Client)
            {
                _client = pod;
            }
            else
            {
                await _mesh.RunApplicationAsync(plan, CancellationToken.None);
            }

            return;
        }
    }

    private async Task AskAsync()
    {
        byte[] buffer = new byte[4096];
        while (!_ending.IsCancellationRequested)
        {
            try
            {
                if (_client is { } client)
                {
                    Interlocked.Increment(ref _asked);
                    using Socket socket = client.Network.Namespace.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
                    using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(1));
                    await socket.ConnectAsync(SandboxLayout.Web.Address, SandboxLayout.Web.Port, limit.Token);
                    await socket.SendAsync(_request, limit.Token);
                    if (await socket.ReceiveAsync(buffer, limit.Token) > 0)
                    {
                        Interlocked.Increment(ref _answered);
                    }
                }
            }
            catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException or Ambient.Linux.LinuxException)
            {
                // What fails is tried again; what must not happen is seen on the wire.
            }

            await Task.Delay(Between, TimeProvider.System);
        }
    }
}

using Ambient.Mesh.Views;
using Ambient.Testing.Waiting;
using Ambient.Xds.Client;

namespace Ambient.Component.Tests.ControlPlane.OnKubernetes;

/// <summary>What a node proxy knows of the mesh: its own client, without the proxy around it.</summary>
internal sealed class ConnectedZtunnel : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly MeshState _state = new("node1");
    private readonly Task _running;

    private ConnectedZtunnel(PlaneProcess plane, string root, string token)
    {
        var client = new AdsClient(
            new AdsClientOptions { MakeChannel = () => plane.Channel(root, token), Node = NodeIdentity.Build(new NodeSettings { PodName = "zt-1", PodNamespace = plane.System, NodeName = "node1" }) },
            _state,
            TimeProvider.System);
        _running = client.RunAsync(_stop.Token);
        Ready = client.Ready;
    }

    private Task Ready { get; }

    /// <summary>Connects and waits for the first answer.</summary>
    public static async Task<ConnectedZtunnel> OfAsync(PlaneProcess plane, string token)
    {
        var made = new ConnectedZtunnel(plane, await plane.RootAsync(plane.System), token);
        await made.Ready.WaitAsync(PlaneProcess.Deadline);
        return made;
    }

    /// <summary>Whether a workload is known.</summary>
    public bool Knows(string uid) => _state.Current.FindWorkloadByUid(uid) is not null;

    /// <summary>Waits until a workload is known, or is not any more.</summary>
    public Task UntilAsync(string uid, bool isKnown) => Eventually.TrueAsync(() => Knows(uid) == isKnown, PlaneProcess.Deadline);

    /// <summary>The endpoints of a service by their uids, as they are now; null: there is no such service.</summary>
    public string? EndpointsOf(string @namespace, string hostname)
    {
        MeshView now = _state.Current;
        return now.FindServiceByHost(@namespace, hostname) is { } service ? string.Join(' ', now.EndpointWorkloads(service).Select(static endpoint => endpoint.Uid).Order(StringComparer.Ordinal)) : null;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }
}

using Ambient.ControlPlane.Discovery.Feeding;
using Ambient.ControlPlane.Discovery.Indexing;
using Ambient.ControlPlane.Discovery.Settings;

namespace Ambient.ControlPlane.Discovery.Clusters;

/// <summary>One connection to another cluster with its index and feed, from its beginning to its end. Thread-safe.</summary>
internal sealed class RemoteLink : IAsyncDisposable
{
    private readonly CancellationTokenSource _ending = new();
    private readonly RemoteSink _sink;
    private Task _running = Task.CompletedTask;
    private int _isEnded;

    internal RemoteLink(string cluster, IClusterConnection connection, ClusterMerge merge, MeshSettings settings, Action<RemoteLink> joining, Action<RemoteLink, ClusterUpdate> applied)
    {
        Connection = connection;
        _sink = new RemoteSink(merge, cluster, () => joining(this), update => applied(this, update));
        Feed = DiscoveryFeed.Remote(connection.Source, new MeshIndex(settings with { ClusterId = cluster }, null, isRemote: true), _sink, connection.Observer);
    }

    internal IClusterConnection Connection { get; }

    internal DiscoveryFeed Feed { get; }

    /// <summary>Begins; <paramref name="failed"/> hears of an end that nobody asked for.</summary>
    internal void Start(Action<string> failed) => _running = RunAsync(failed);

    /// <summary>From now on nothing of it reaches the mesh; completes when everything of it is given back.</summary>
    internal Task EndAsync()
    {
        if (Interlocked.Exchange(ref _isEnded, 1) != 0)
        {
            return _running;
        }

        _sink.End();
        Connection.Leave();
        return GiveBackAsync();
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => new(EndAsync());

    private async Task GiveBackAsync()
    {
        await _ending.CancelAsync();
        await _running;
        Connection.Dispose();
        _ending.Dispose();
    }

    private async Task RunAsync(Action<string> failed)
    {
        // Never on the caller's thread: that holds a lock.
        await Task.Yield();
        try
        {
            await Feed.RunAsync(_ending.Token);
        }
        catch (OperationCanceledException) when (_ending.IsCancellationRequested)
        {
        }
#pragma warning disable CA1031 // One cluster's defect must not end the others.
        catch (Exception fault)
        {
            failed(fault.Message);
        }
#pragma warning restore CA1031
    }
}

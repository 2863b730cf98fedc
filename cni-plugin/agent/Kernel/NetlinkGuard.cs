using Ambient.Cni.Guard;
using Ambient.Linux;
using Ambient.Linux.Namespaces;

namespace Ambient.Cni.Agent.Kernel;

/// <summary>The guard that agent and plugin share. Thread-safe.</summary>
public sealed class NetlinkGuard : IPodGuard
{
    /// <inheritdoc/>
    public string TableName => PodGuard.Table;

    /// <inheritdoc/>
    public Task<(bool IsRaised, string? Error)> LookAsync(NetworkNamespace network, CancellationToken cancellation)
    {
        try
        {
            return Task.FromResult((PodGuard.IsRaised(network), (string?)null));
        }
        catch (LinuxException e)
        {
            return Task.FromResult((false, (string?)("the guard cannot be read: " + e.Message)));
        }
    }

    /// <inheritdoc/>
    public Task<string?> RaiseAsync(NetworkNamespace network, CancellationToken cancellation) => Change(PodGuard.Raise, network);

    /// <inheritdoc/>
    public Task<string?> LiftAsync(NetworkNamespace network, CancellationToken cancellation) => Change(Lift, network);

    private static void Lift(NetworkNamespace network)
    {
        if (PodGuard.Lift(network) is { } remains)
        {
            // Nobody has to wait for the kernel's tidying up, least of all a pod that wants to start.
            ThreadPool.UnsafeQueueUserWorkItem(static r => r.Dispose(), remains, preferLocal: false);
        }
    }

    private static Task<string?> Change(Action<NetworkNamespace> change, NetworkNamespace network)
    {
        try
        {
            change(network);
            return Task.FromResult<string?>(null);
        }
        catch (LinuxException e)
        {
            return Task.FromResult<string?>(e.Message);
        }
    }
}

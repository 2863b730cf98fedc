using System.Net;

namespace Ambient.Cni.Agent.Probes;

/// <summary>Nothing is done on the node: pods let in the node's own address, or nobody probes. Thread-safe.</summary>
public sealed class NoProbeRules : IProbeRules
{
    /// <inheritdoc/>
    public Task<string?> AdmitAsync(string uid, IReadOnlyList<IPAddress> addresses, IReadOnlyList<int> ports, CancellationToken cancellation) => Task.FromResult<string?>(null);

    /// <inheritdoc/>
    public Task<string?> WithdrawAsync(string uid, CancellationToken cancellation) => Task.FromResult<string?>(null);

    /// <inheritdoc/>
    public Task<string?> SettleAsync(CancellationToken cancellation) => Task.FromResult<string?>(null);

    /// <inheritdoc/>
    public Task<string?> RepairAsync(CancellationToken cancellation) => Task.FromResult<string?>(null);

    /// <inheritdoc/>
    public void Dispose()
    {
        // There is nothing to give back.
    }
}

using System.Net;

namespace Ambient.Cni.Agent.Probes;

/// <summary>Lets the node's probes reach pods of the mesh. Thread-safe.</summary>
public interface IProbeRules : IDisposable
{
    /// <summary>A pod's addresses and the ports that are probed; replaces what was said of it before. Null on success.</summary>
    Task<string?> AdmitAsync(string uid, IReadOnlyList<IPAddress> addresses, IReadOnlyList<int> ports, CancellationToken cancellation);

    /// <summary>The pod has left or is gone. Null on success.</summary>
    Task<string?> WithdrawAsync(string uid, CancellationToken cancellation);

    /// <summary>All pods are told: what earlier agents left and nobody owns goes. Null on success.</summary>
    Task<string?> SettleAsync(CancellationToken cancellation);

    /// <summary>Puts the rules back when somebody flushed them. Null when all is well.</summary>
    Task<string?> RepairAsync(CancellationToken cancellation);
}

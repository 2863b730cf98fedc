using System.Net;
using Ambient.Cni.Agent.Kernel;
using Ambient.Linux.Namespaces;

namespace Ambient.Cni.Agent.Probes;

/// <summary>
/// Source translation of the node's probes (cni-and-redirection.md 6). The table is desired state, written as a whole: nothing of a pod can be left
/// behind, and a flush by somebody else is repaired by the next look. Thread-safe.
/// </summary>
public sealed class NodeProbeRules(NetworkNamespace? node, uint kubeletUser, IPAddress source, IPAddress sourceV6) : IProbeRules, IDisposable
{
    private readonly SemaphoreSlim _turn = new(1);
    private readonly Dictionary<string, List<(IPAddress Address, int Port)>> _targets = new(StringComparer.Ordinal);
    private bool _isSettled;
    private string _written = "";

    /// <inheritdoc/>
    public Task<string?> AdmitAsync(string uid, IReadOnlyList<IPAddress> addresses, IReadOnlyList<int> ports, CancellationToken cancellation) => InTurnAsync(
        () =>
        {
            _targets[uid] = [.. addresses.SelectMany(a => ports.Select(p => (a, p)))];
            return WriteAsync(cancellation);
        },
        cancellation);

    /// <inheritdoc/>
    public Task<string?> WithdrawAsync(string uid, CancellationToken cancellation) => InTurnAsync(
        () =>
        {
            _targets.Remove(uid);
            return WriteAsync(cancellation);
        },
        cancellation);

    /// <inheritdoc/>
    public Task<string?> SettleAsync(CancellationToken cancellation) => InTurnAsync(
        () =>
        {
            // Until now a rewrite would have shut out pods that the agent before us let in.
            _isSettled = true;
            return WriteAsync(cancellation);
        },
        cancellation);

    /// <inheritdoc/>
    public Task<string?> RepairAsync(CancellationToken cancellation) => InTurnAsync(
        async () =>
        {
            if (!_isSettled)
            {
                return null;
            }

            (int code, string output, _) = await Tool.RunAsync(node, ["nft", "list", "table", "inet", NodeProbeText.Table], null, cancellation);
            if (code == 0 && output.Contains("snat ip to", StringComparison.Ordinal))
            {
                return null;
            }

            _written = "";
            return await WriteAsync(cancellation);
        },
        cancellation);

    /// <inheritdoc/>
    public void Dispose() => _turn.Dispose();

    private async Task<string?> InTurnAsync(Func<Task<string?>> work, CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        try
        {
            return await work();
        }
        finally
        {
            _turn.Release();
        }
    }

    private async Task<string?> WriteAsync(CancellationToken cancellation)
    {
        string text = NodeProbeText.Render(_targets.Values.SelectMany(t => t), kubeletUser, source, sourceV6);
        if (!_isSettled || text == _written)
        {
            return null;
        }

        string? error = await Tool.NftAsync(node, text, cancellation);
        _written = error is null ? text : "";
        return error is null ? null : "the node's probe rules cannot be written: " + error;
    }
}

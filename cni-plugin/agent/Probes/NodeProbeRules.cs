using System.Net;
using Ambient.Cni.Agent.Kernel;
using Ambient.Linux.Namespaces;
using Ambient.Linux.Tools;

namespace Ambient.Cni.Agent.Probes;

/// <summary>
/// Source translation of the node's probes (cni-and-redirection.md 6). The table is desired state: what differs from what was written is added and taken out,
/// and where that fails, at the start and at repairs it is written as a whole. Who comes while something is being written shares the next writing. What
/// somebody else flushes, takes or adds is repaired by the next look. Thread-safe.
/// </summary>
public sealed class NodeProbeRules : IProbeRules
{
    private readonly SemaphoreSlim _turn = new(1);
    private readonly Lock _gate = new();
    private readonly Dictionary<string, List<(IPAddress Address, int Port)>> _targets = new(StringComparer.Ordinal);
    private readonly Func<string, CancellationToken, Task<string?>> _load;
    private readonly NetworkNamespace? _node;
    private readonly uint _kubeletUser;
    private readonly IPAddress _source;
    private readonly IPAddress _sourceV6;
    private bool _isSettled;
    private bool _isLost;

    // Used by whoever has the turn.
    private HashSet<(IPAddress Address, int Port)>? _written;
    private long _done;
    private string? _error;
    private long _wanted;

    /// <summary>Rules in a namespace (null: the agent's own), for a kubelet that runs as the user.</summary>
    public NodeProbeRules(NetworkNamespace? node, uint kubeletUser, IPAddress source, IPAddress sourceV6)
        : this(node, kubeletUser, source, sourceV6, (text, cancellation) => NftScripts.LoadAsync(node, text, cancellation))
    {
    }

    /// <summary>With somebody else who loads nft scripts: null on success.</summary>
    internal NodeProbeRules(NetworkNamespace? node, uint kubeletUser, IPAddress source, IPAddress sourceV6, Func<string, CancellationToken, Task<string?>> load) =>
        (_node, _kubeletUser, _source, _sourceV6, _load) = (node, kubeletUser, source, sourceV6, load);

    /// <inheritdoc/>
    public Task<string?> AdmitAsync(string uid, IReadOnlyList<IPAddress> addresses, IReadOnlyList<int> ports, CancellationToken cancellation) =>
        ChangeAsync(() => _targets[uid] = [.. addresses.SelectMany(a => ports.Select(p => (a, p)))], cancellation);

    /// <inheritdoc/>
    public Task<string?> WithdrawAsync(string uid, CancellationToken cancellation) => ChangeAsync(() => _targets.Remove(uid), cancellation);

    /// <inheritdoc/>
    public Task<string?> SettleAsync(CancellationToken cancellation) =>
        ChangeAsync(() => (_isSettled, _isLost) = (true, true), cancellation);

    /// <inheritdoc/>
    public async Task<string?> RepairAsync(CancellationToken cancellation)
    {
        bool isSettled;
        lock (_gate)
        {
            isSettled = _isSettled;
        }

        if (!isSettled)
        {
            return null;
        }

        await _turn.WaitAsync(cancellation);
        try
        {
            ToolResult listed = await NetworkTools.RunAsync(_node, ["nft", "list", "table", "inet", NodeProbeText.Table], null, cancellation);
            if (listed.Succeeded && _written is not null && NodeProbeListing.IsAsWritten(listed.Output, _written, _kubeletUser, _source, _sourceV6))
            {
                return null;
            }
        }
        finally
        {
            _turn.Release();
        }

        return await ChangeAsync(() => _isLost = true, cancellation);
    }

    /// <summary>Removes the table for good. Null on success.</summary>
    public static async Task<string?> RemoveAsync(NetworkNamespace? node, CancellationToken cancellation)
    {
        // Adding first makes a table that is not there none to complain about.
        string? error = await NftScripts.LoadAsync(node, $"add table inet {NodeProbeText.Table}\ndelete table inet {NodeProbeText.Table}\n", cancellation);
        return error is null ? null : "the node's probe rules cannot be removed: " + error;
    }

    /// <inheritdoc/>
    public void Dispose() => _turn.Dispose();

    /// <summary>Makes a change and waits until it is in force, with whatever else was changed until the writing began.</summary>
    private async Task<string?> ChangeAsync(Action change, CancellationToken cancellation)
    {
        long mine;
        lock (_gate)
        {
            change();
            mine = ++_wanted;
        }

        await _turn.WaitAsync(cancellation);
        try
        {
            if (_done < mine)
            {
                await WriteAsync(cancellation);
            }

            return _error;
        }
        finally
        {
            _turn.Release();
        }
    }

    private async Task WriteAsync(CancellationToken cancellation)
    {
        HashSet<(IPAddress Address, int Port)> targets;
        long upTo;
        lock (_gate)
        {
            // Before all pods are known a rewrite would shut out those that the agent before us let in.
            if (!_isSettled)
            {
                return;
            }

            (targets, upTo, _written) = ([.. _targets.Values.SelectMany(t => t)], _wanted, _isLost ? null : _written);
            _isLost = false;
        }

        string? error = null;
        string text = _written is null ? "" : NodeProbeText.Change(targets.Except(_written), _written.Except(targets));
        bool isWhole = _written is null || (text.Length > 0 && await _load(text, cancellation) is not null);
        if (isWhole)
        {
            error = await _load(NodeProbeText.Render(targets, _kubeletUser, _source, _sourceV6), cancellation);
        }

        _written = error is null ? targets : null;
        (_done, _error) = (upTo, error is null ? null : "the node's probe rules cannot be written: " + error);
    }
}

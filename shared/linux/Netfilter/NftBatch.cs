using Ambient.Linux.Namespaces;
using Ambient.Linux.Native;
using Ambient.Linux.Netlink;

namespace Ambient.Linux.Netfilter;

/// <summary>
/// Changes of nftables in one namespace that come into force together or not at all (nfnetlink batch), without a program being started.
/// For one thread at a time.
/// </summary>
public sealed class NftBatch
{
    private readonly NetlinkWriter _writer = new();

    /// <summary>An empty batch.</summary>
    public NftBatch() => Envelope(Kernel.NFNL_MSG_BATCH_BEGIN);

    /// <summary>Every message so far.</summary>
    internal ReadOnlySpan<byte> Written => _writer.Written;

    /// <summary>Adds a table; one that is there stays as it is.</summary>
    public void AddTable(string table, NftFamily family = NftFamily.Inet) => Table(Kernel.NFT_MSG_NEWTABLE, table, Kernel.NLM_F_CREATE, family);

    /// <summary>Adds a table; when one is there, the whole batch fails with EEXIST.</summary>
    public void AddNewTable(string table, NftFamily family = NftFamily.Inet) => Table(Kernel.NFT_MSG_NEWTABLE, table, Kernel.NLM_F_CREATE | Kernel.NLM_F_EXCL, family);

    /// <summary>Removes a table with everything in it; it must be there.</summary>
    public void DeleteTable(string table, NftFamily family = NftFamily.Inet) => Table(Kernel.NFT_MSG_DELTABLE, table, 0, family);

    /// <summary>Adds a chain of type filter that hangs at a hook and drops what no rule accepts.</summary>
    public void AddDroppingChain(string table, string chain, NftHook hook, int priority)
    {
        Begin(Kernel.NFT_MSG_NEWCHAIN, Kernel.NLM_F_CREATE);
        _writer.Text(Kernel.NFTA_CHAIN_TABLE, table);
        _writer.Text(Kernel.NFTA_CHAIN_NAME, chain);
        int nest = _writer.Nest(Kernel.NFTA_CHAIN_HOOK);
        _writer.Big(Kernel.NFTA_HOOK_HOOKNUM, (uint)hook);
        _writer.Big(Kernel.NFTA_HOOK_PRIORITY, unchecked((uint)priority));
        _writer.Close(nest);
        _writer.Big(Kernel.NFTA_CHAIN_POLICY, Kernel.NF_DROP);
        _writer.Text(Kernel.NFTA_CHAIN_TYPE, "filter");
        _writer.End();
    }

    /// <summary>Adds a chain that frames meet when they leave by an interface, and that drops what no rule accepts (Linux 5.16).</summary>
    public void AddDroppingEgress(string table, string chain, int priority, NftDevices devices)
    {
        ArgumentNullException.ThrowIfNull(devices);
        Begin(Kernel.NFT_MSG_NEWCHAIN, Kernel.NLM_F_CREATE, NftFamily.Netdev);
        _writer.Text(Kernel.NFTA_CHAIN_TABLE, table);
        _writer.Text(Kernel.NFTA_CHAIN_NAME, chain);
        int nest = _writer.Nest(Kernel.NFTA_CHAIN_HOOK);
        _writer.Big(Kernel.NFTA_HOOK_HOOKNUM, Kernel.NF_NETDEV_EGRESS);
        _writer.Big(Kernel.NFTA_HOOK_PRIORITY, unchecked((uint)priority));
        int list = _writer.Nest(Kernel.NFTA_HOOK_DEVS);
        foreach (string name in devices.Names)
        {
            _writer.Text(Kernel.NFTA_DEVICE_NAME, name);
        }

        _writer.Close(list);
        _writer.Close(nest);
        _writer.Big(Kernel.NFTA_CHAIN_POLICY, Kernel.NF_DROP);
        _writer.Text(Kernel.NFTA_CHAIN_TYPE, "filter");
        _writer.End();
    }

    /// <summary>Adds a rule at the end of a chain.</summary>
    public void AddRule(string table, string chain, NftRule rule, NftFamily family = NftFamily.Inet)
    {
        ArgumentNullException.ThrowIfNull(rule);
        Begin(Kernel.NFT_MSG_NEWRULE, Kernel.NLM_F_CREATE | Kernel.NLM_F_APPEND, family);
        _writer.Text(Kernel.NFTA_RULE_TABLE, table);
        _writer.Text(Kernel.NFTA_RULE_CHAIN, chain);
        int list = _writer.Nest(Kernel.NFTA_RULE_EXPRESSIONS);
        rule.WriteTo(_writer);
        _writer.Close(list);
        _writer.End();
    }

    /// <summary>
    /// Brings the changes into force in a namespace; on failure nothing has changed. The batch is spent. Dispose what comes out: where something was
    /// removed, that waits 10 to 20 ms until no processor looks at it any more, so it may be done elsewhere. Throws <see cref="LinuxException"/> when
    /// the kernel cannot be asked.
    /// </summary>
    public Errno TryCommit(NetworkNamespace network, out IDisposable remains)
    {
        ArgumentNullException.ThrowIfNull(network);
        Envelope(Kernel.NFNL_MSG_BATCH_END);
        NetlinkSocket socket = NetlinkSocket.Open(network, Kernel.NETLINK_NETFILTER);
        NetlinkReply reply;
        try
        {
            reply = socket.Ask(_writer.Written);
        }
        catch
        {
            socket.Dispose();
            throw;
        }

        remains = socket;

        // Every change asks for an acknowledgement, so silence is not taken for success.
        return reply.Error != Errno.None ? reply.Error : reply.Acknowledged == 0 || reply.IsBroken ? Errno.EPROTO : Errno.None;
    }

    /// <summary>Brings the changes into force, and waits until what was removed is gone. Throws <see cref="LinuxException"/>; then nothing has changed.</summary>
    public void Commit(NetworkNamespace network)
    {
        Errno error = TryCommit(network, out IDisposable remains);
        remains.Dispose();
        if (error != Errno.None)
        {
            throw new LinuxException("nftables", network.Name, error);
        }
    }

    /// <summary>Whether a table of family inet is there. Throws <see cref="LinuxException"/>.</summary>
    public static bool HasTable(NetworkNamespace network, string table)
    {
        ArgumentNullException.ThrowIfNull(network);
        var writer = new NetlinkWriter();
        writer.Begin((Kernel.NFNL_SUBSYS_NFTABLES << 8) | Kernel.NFT_MSG_GETTABLE, Kernel.NLM_F_REQUEST | Kernel.NLM_F_ACK);
        writer.Raw([Kernel.NFPROTO_INET, 0, 0, 0]);
        writer.Text(Kernel.NFTA_TABLE_NAME, table);
        writer.End();
        using NetlinkSocket socket = NetlinkSocket.Open(network, Kernel.NETLINK_NETFILTER);
        NetlinkReply reply = socket.Ask(writer.Written);
        return reply.Error switch
        {
            Errno.None when reply.Objects.Count > 0 && !reply.IsBroken => true,
            Errno.None => throw new LinuxException("nftables", network.Name, Errno.EPROTO),
            Errno.ENOENT => false,
            _ => throw new LinuxException("nftables", network.Name, reply.Error),
        };
    }

    private void Table(int message, string table, int flags, NftFamily family)
    {
        Begin(message, flags, family);
        _writer.Text(Kernel.NFTA_TABLE_NAME, table);
        _writer.End();
    }

    private void Begin(int message, int flags, NftFamily family = NftFamily.Inet)
    {
        _writer.Begin((ushort)((Kernel.NFNL_SUBSYS_NFTABLES << 8) | message), (ushort)(flags | Kernel.NLM_F_REQUEST | Kernel.NLM_F_ACK));
        _writer.Raw([(byte)family, 0, 0, 0]);
    }

    private void Envelope(ushort message)
    {
        _writer.Begin(message, Kernel.NLM_F_REQUEST);
        _writer.Raw([0, 0, 0, Kernel.NFNL_SUBSYS_NFTABLES]);
        _writer.End();
    }
}

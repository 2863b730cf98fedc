using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Ambient.Linux.Namespaces;
using Ambient.Linux.Native;
using Ambient.Linux.Netlink;

namespace Ambient.Linux.Netfilter;

/// <summary>
/// Chains and rules of one table as lines of text, the same whether they are read from a batch or from a kernel: for comparing what is held with what was
/// written. Registers, counters and handles are left out. Immutable.
/// </summary>
public sealed class NftContent
{
    private const int FamilyHeaderLength = 4;
    private const int TypeMask = 0xFF;
    private const ushort Any = ushort.MaxValue;

    // Attributes that hold attributes, by expression; the kernel does not flag them.
    private static readonly HashSet<(string Expression, ushort Outer, ushort Inner)> Nests =
    [
        ("cmp", Kernel.NFTA_CMP_DATA, Any),
        ("immediate", Kernel.NFTA_IMMEDIATE_DATA, Any),
        ("immediate", Kernel.NFTA_IMMEDIATE_DATA, Kernel.NFTA_DATA_VERDICT),
    ];

    private readonly List<string> _lines = [];

    private NftContent()
    {
    }

    /// <summary>Chains, then rules in order.</summary>
    public IReadOnlyList<string> Lines => _lines;

    /// <summary>What a batch writes into a table.</summary>
    public static NftContent Of(NftBatch batch, NftFamily family, string table)
    {
        ArgumentNullException.ThrowIfNull(batch);
        var written = new NetlinkReply();
        written.Add(batch.Written);
        var content = new NftContent();
        content.Add(written.Objects, family, table);
        return content;
    }

    /// <summary>What a kernel holds in a table; null when the table is not there. Throws <see cref="LinuxException"/>.</summary>
    public static NftContent? Read(NetworkNamespace network, NftFamily family, string table)
    {
        ArgumentNullException.ThrowIfNull(network);
        using NetlinkSocket socket = NetlinkSocket.Open(network, Kernel.NETLINK_NETFILTER);
        var content = new NftContent();
        bool isThere = false;
        foreach (int kind in (ReadOnlySpan<int>)[Kernel.NFT_MSG_GETTABLE, Kernel.NFT_MSG_GETCHAIN, Kernel.NFT_MSG_GETRULE])
        {
            var writer = new NetlinkWriter();
            writer.Begin((ushort)((Kernel.NFNL_SUBSYS_NFTABLES << 8) | kind), Kernel.NLM_F_REQUEST | Kernel.NLM_F_DUMP);
            writer.Raw([(byte)family, 0, 0, 0]);
            writer.End();
            NetlinkReply reply = socket.Ask(writer.Written);
            if (reply.Error != Errno.None || reply.Acknowledged == 0 || reply.IsBroken)
            {
                throw new LinuxException("nftables", network.Name, reply.Error == Errno.None ? Errno.EAGAIN : reply.Error);
            }

            isThere |= kind == Kernel.NFT_MSG_GETTABLE && reply.Objects.Any(o => IsOf(o.Body, family) && Text(o.Body, Kernel.NFTA_TABLE_NAME) == table);
            content.Add(reply.Objects, family, table);
        }

        return isThere ? content : null;
    }

    private static bool IsOf(byte[] body, NftFamily family) => body.Length >= FamilyHeaderLength && body[0] == (byte)family;

    private static string Text(byte[] body, ushort type)
    {
        var attributes = new NetlinkAttributes(body.AsSpan(FamilyHeaderLength));
        while (attributes.MoveNext())
        {
            if (attributes.Type == type)
            {
                return attributes.Text;
            }
        }

        return "";
    }

    private void Add(IReadOnlyList<(ushort Type, byte[] Body)> objects, NftFamily family, string table)
    {
        foreach ((ushort type, byte[] body) in objects)
        {
            // The table's name is the first attribute of chains and rules alike.
            if (type >> 8 != Kernel.NFNL_SUBSYS_NFTABLES || !IsOf(body, family) || Text(body, Kernel.NFTA_CHAIN_TABLE) != table)
            {
                continue;
            }

            if ((type & TypeMask) == Kernel.NFT_MSG_NEWCHAIN)
            {
                _lines.Add(Chain(body));
            }
            else if ((type & TypeMask) == Kernel.NFT_MSG_NEWRULE)
            {
                _lines.Add(Rule(body));
            }
        }
    }

    private static string Chain(byte[] body)
    {
        var text = new StringBuilder("chain " + Text(body, Kernel.NFTA_CHAIN_NAME) + " type " + Text(body, Kernel.NFTA_CHAIN_TYPE));
        var devices = new List<string>();
        var attributes = new NetlinkAttributes(body.AsSpan(FamilyHeaderLength));
        while (attributes.MoveNext())
        {
            if (attributes.Type == Kernel.NFTA_CHAIN_POLICY)
            {
                text.Append(CultureInfo.InvariantCulture, $" policy {Number(attributes.Value)}");
            }

            if (attributes.Type != Kernel.NFTA_CHAIN_HOOK)
            {
                continue;
            }

            var hook = new NetlinkAttributes(attributes.Value);
            while (hook.MoveNext())
            {
                switch (hook.Type)
                {
                    case Kernel.NFTA_HOOK_HOOKNUM:
                        text.Append(CultureInfo.InvariantCulture, $" hook {Number(hook.Value)}");
                        break;
                    case Kernel.NFTA_HOOK_PRIORITY:
                        text.Append(CultureInfo.InvariantCulture, $" priority {unchecked((int)Number(hook.Value))}");
                        break;
                    case Kernel.NFTA_HOOK_DEVS:
                        var device = new NetlinkAttributes(hook.Value);
                        while (device.MoveNext())
                        {
                            devices.Add(device.Type == Kernel.NFTA_DEVICE_NAME ? device.Text : device.Text + "*");
                        }

                        break;
                }
            }
        }

        return text.Append(" devices ").AppendJoin(',', devices.Order(StringComparer.Ordinal)).ToString();
    }

    private static string Rule(byte[] body)
    {
        var text = new StringBuilder("rule " + Text(body, Kernel.NFTA_RULE_CHAIN));
        var attributes = new NetlinkAttributes(body.AsSpan(FamilyHeaderLength));
        while (attributes.MoveNext())
        {
            if (attributes.Type != Kernel.NFTA_RULE_EXPRESSIONS)
            {
                continue;
            }

            var list = new NetlinkAttributes(attributes.Value);
            while (list.MoveNext())
            {
                string name = "";
                var expression = new NetlinkAttributes(list.Value);
                while (expression.MoveNext())
                {
                    if (expression.Type == Kernel.NFTA_EXPR_NAME)
                    {
                        name = expression.Text;
                        text.Append(' ').Append(name);
                    }
                    else if (expression.Type == Kernel.NFTA_EXPR_DATA)
                    {
                        Expression(text, name, expression.Value);
                    }
                }
            }
        }

        return text.ToString();
    }

    /// <summary>Attributes by number. The first one of every expression in use here is the register, of which the kernel tells another number than it was given.</summary>
    private static void Expression(StringBuilder text, string name, ReadOnlySpan<byte> data)
    {
        var parts = new SortedDictionary<int, string>();
        var attributes = new NetlinkAttributes(data);
        while (attributes.MoveNext())
        {
            bool isRegister = name is "cmp" or "payload" or "immediate" or "meta" && attributes.Type == Kernel.NFTA_META_DREG;
            if (!isRegister)
            {
                parts[attributes.Type] = Value(name, attributes.Type, attributes.Type, attributes.Value, depth: 0);
            }
        }

        text.Append('(').AppendJoin(' ', parts.Select(p => string.Create(CultureInfo.InvariantCulture, $"{p.Key}={p.Value}"))).Append(')');
    }

    private static string Value(string name, ushort outer, ushort type, ReadOnlySpan<byte> value, int depth)
    {
        if (!Nests.Contains((name, outer, depth == 0 ? Any : type)) || depth > 1)
        {
            return Convert.ToHexString(value);
        }

        var text = new StringBuilder("{");
        var inner = new NetlinkAttributes(value);
        while (inner.MoveNext())
        {
            text.Append(CultureInfo.InvariantCulture, $"{inner.Type}={Value(name, outer, inner.Type, inner.Value, depth + 1)}");
        }

        return text.Append('}').ToString();
    }

    private static uint Number(ReadOnlySpan<byte> value) => value.Length == sizeof(uint) ? BinaryPrimitives.ReadUInt32BigEndian(value) : uint.MaxValue;
}

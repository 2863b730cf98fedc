using System.Buffers.Binary;
using System.Net;
using Ambient.Linux.Namespaces;
using Ambient.Linux.Native;
using Ambient.Linux.Netlink;

namespace Ambient.Linux.Routing;

/// <summary>
/// Rules and local routes of one namespace, read and written by rtnetlink: without starting <c>ip</c>. For one thread at a time; everything throws
/// <see cref="LinuxException"/>.
/// </summary>
public sealed class RoutingTables : IDisposable
{
    private const uint Loopback = 1;
    private const int HeaderLength = 12;
    private const uint NoPrefix = uint.MaxValue;
    private const int Attempts = 5;

    // FRA_SPORT_MASK and FRA_DPORT_MASK, told since Linux 6.15; younger than the headers that the constants are checked against.
    private const ushort SourcePortMask = 28;
    private const ushort DestinationPortMask = 29;
    private readonly NetlinkSocket _socket;
    private readonly string _name;

    /// <summary>Opens the tables of a namespace.</summary>
    public RoutingTables(NetworkNamespace network)
    {
        ArgumentNullException.ThrowIfNull(network);
        _socket = NetlinkSocket.Open(network, Kernel.NETLINK_ROUTE);
        _name = network.Name;
    }

    /// <summary>All rules of a family; none where the kernel does not have the family.</summary>
    public IReadOnlyList<KernelRule> Rules(bool ipv6) => [.. Dump(Kernel.RTM_GETRULE, Kernel.RTM_NEWRULE, ipv6).Select(ReadRule)];

    /// <summary>The routes of a family that make everything local by loopback.</summary>
    public IReadOnlyList<KernelRoute> LocalRoutes(bool ipv6) => [.. Dump(Kernel.RTM_GETROUTE, Kernel.RTM_NEWROUTE, ipv6).Select(ReadRoute).OfType<KernelRoute>()];

    /// <summary>Adds a rule; one that is there already is no error.</summary>
    public void Add(KernelRule rule) => Change("add rule", Kernel.RTM_NEWRULE, Kernel.NLM_F_CREATE | Kernel.NLM_F_EXCL, w => Write(w, rule), Errno.EEXIST);

    /// <summary>Removes a rule; one that is gone already is no error.</summary>
    public void Remove(KernelRule rule) => Change("delete rule", Kernel.RTM_DELRULE, 0, w => Write(w, rule), Errno.ENOENT);

    /// <summary>Adds a route, or replaces the one in its place.</summary>
    public void Replace(KernelRoute route) => Change("replace route", Kernel.RTM_NEWROUTE, Kernel.NLM_F_CREATE | Kernel.NLM_F_REPLACE, w => Write(w, route, isNew: true), Errno.None);

    /// <summary>Removes the route in a route's place; one that is gone already is no error.</summary>
    public void Remove(KernelRoute route) => Change("delete route", Kernel.RTM_DELROUTE, 0, w => Write(w, route, isNew: false), Errno.ESRCH);

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();

    /// <summary>Reads one rule without its netlink header; foreign bytes give a rule that says more.</summary>
    internal static KernelRule ReadRule(byte[] body)
    {
        if (body.Length < HeaderLength)
        {
            return new KernelRule { SaysMore = true };
        }

        bool ipv6 = body[0] == Libc.AF_INET6;
        int whole = ipv6 ? 128 : 32;
        (byte toLength, byte fromLength) = (body[1], body[2]);
        bool isJump = body[7] == Kernel.FR_ACT_GOTO;
        var rule = new KernelRule
        {
            IsIpv6 = ipv6,
            Target = body[4],
            IsJump = isJump,
            SaysMore = body[3] != 0 || (toLength != 0 && toLength != whole) || (fromLength != 0 && fromLength != whole)
                || (!isJump && body[7] != Kernel.FR_ACT_TO_TBL) || (BinaryPrimitives.ReadUInt32LittleEndian(body.AsSpan(8)) & Kernel.FIB_RULE_INVERT) != 0,
        };
        var attributes = new NetlinkAttributes(body.AsSpan(HeaderLength));
        while (attributes.MoveNext())
        {
            rule = attributes.Type switch
            {
                Kernel.FRA_PRIORITY => rule with { Preference = attributes.Number },
                Kernel.FRA_TABLE when !isJump => rule with { Target = attributes.Number },
                Kernel.FRA_GOTO => rule with { Target = attributes.Number },
                Kernel.FRA_FWMARK => rule with { Mark = attributes.Number },
                Kernel.FRA_FWMASK => rule with { Mask = attributes.Number },
                Kernel.FRA_IIFNAME => rule with { InInterface = attributes.Text },
                Kernel.FRA_IP_PROTO => rule with { Transport = (byte)attributes.Number },
                Kernel.FRA_SRC when attributes.Value.Length == whole / 8 => rule with { Source = new IPAddress(attributes.Value) },
                Kernel.FRA_DST when attributes.Value.Length == whole / 8 => rule with { Destination = new IPAddress(attributes.Value) },
                Kernel.FRA_SPORT_RANGE when IsOnePort(attributes) => rule with { SourcePort = (ushort)attributes.Number },
                Kernel.FRA_DPORT_RANGE when IsOnePort(attributes) => rule with { DestinationPort = (ushort)attributes.Number },
                Kernel.FRA_SUPPRESS_PREFIXLEN when attributes.Number == NoPrefix => rule,
                SourcePortMask or DestinationPortMask when attributes.Value is [byte.MaxValue, byte.MaxValue] => rule,
                Kernel.FRA_PROTOCOL or Kernel.FRA_PAD or Kernel.FRA_TABLE => rule,
                _ => rule with { SaysMore = true },
            };
        }

        return rule with { Mask = rule.Mark is null ? 0 : rule.Mask };
    }

    /// <summary>Reads one route without its netlink header; null for one that is not of our kind.</summary>
    internal static KernelRoute? ReadRoute(byte[] body)
    {
        if (body.Length < HeaderLength || body[1] != 0 || body[7] != Kernel.RTN_LOCAL)
        {
            return null;
        }

        uint table = body[4], device = 0;
        IPAddress? source = null;
        var attributes = new NetlinkAttributes(body.AsSpan(HeaderLength));
        while (attributes.MoveNext())
        {
            switch (attributes.Type)
            {
                case Kernel.RTA_TABLE:
                    table = attributes.Number;
                    break;
                case Kernel.RTA_OIF:
                    device = attributes.Number;
                    break;
                case Kernel.RTA_PREFSRC when attributes.Value.Length is 4 or 16:
                    source = new IPAddress(attributes.Value);
                    break;
                default:
                    break;
            }
        }

        return device == Loopback ? new KernelRoute(body[0] == Libc.AF_INET6, table, source) : null;
    }

    private static bool IsOnePort(NetlinkAttributes attribute) => attribute.Value.Length == 4 && (attribute.Number & 0xFFFF) == attribute.Number >> 16;

    internal static void Write(NetlinkWriter writer, KernelRule rule)
    {
        byte length = (byte)(rule.IsIpv6 ? 128 : 32);
        byte table = (byte)(rule.IsJump || rule.Target > byte.MaxValue ? 0 : rule.Target);
        writer.Raw([Family(rule.IsIpv6), rule.Destination is null ? (byte)0 : length, rule.Source is null ? (byte)0 : length, 0, table, 0, 0, rule.IsJump ? Kernel.FR_ACT_GOTO : Kernel.FR_ACT_TO_TBL, 0, 0, 0, 0]);
        writer.Native(Kernel.FRA_PRIORITY, rule.Preference);
        writer.Native(rule.IsJump ? Kernel.FRA_GOTO : Kernel.FRA_TABLE, rule.Target);
        if (rule.Mark is { } mark)
        {
            writer.Native(Kernel.FRA_FWMARK, mark);
            writer.Native(Kernel.FRA_FWMASK, rule.Mask);
        }

        if (rule.InInterface is { } name)
        {
            writer.Text(Kernel.FRA_IIFNAME, name);
        }

        Address(writer, Kernel.FRA_SRC, rule.Source);
        Address(writer, Kernel.FRA_DST, rule.Destination);
        if (rule.Transport != 0)
        {
            writer.Attribute(Kernel.FRA_IP_PROTO, [rule.Transport]);
        }

        Port(writer, Kernel.FRA_SPORT_RANGE, rule.SourcePort);
        Port(writer, Kernel.FRA_DPORT_RANGE, rule.DestinationPort);
    }

    private static void Write(NetlinkWriter writer, KernelRoute route, bool isNew)
    {
        byte scope = !isNew ? Kernel.RT_SCOPE_NOWHERE : route.IsIpv6 ? Kernel.RT_SCOPE_UNIVERSE : Kernel.RT_SCOPE_HOST;
        byte table = (byte)(route.Table > byte.MaxValue ? 0 : route.Table);
        writer.Raw([Family(route.IsIpv6), 0, 0, 0, table, isNew ? Kernel.RTPROT_BOOT : (byte)0, scope, Kernel.RTN_LOCAL, 0, 0, 0, 0]);
        writer.Native(Kernel.RTA_TABLE, route.Table);
        writer.Native(Kernel.RTA_OIF, Loopback);
        Address(writer, Kernel.RTA_PREFSRC, isNew ? route.Source : null);
    }

    private static void Address(NetlinkWriter writer, ushort type, IPAddress? address)
    {
        if (address is not null)
        {
            writer.Attribute(type, address.GetAddressBytes());
        }
    }

    private static void Port(NetlinkWriter writer, ushort type, ushort port)
    {
        if (port != 0)
        {
            writer.Native(type, port | ((uint)port << 16));
        }
    }

    private static byte Family(bool ipv6) => (byte)(ipv6 ? Libc.AF_INET6 : Libc.AF_INET);

    private void Change(string what, ushort type, int flags, Action<NetlinkWriter> content, Errno harmless)
    {
        var writer = new NetlinkWriter();
        writer.Begin(type, (ushort)(flags | Kernel.NLM_F_REQUEST | Kernel.NLM_F_ACK));
        content(writer);
        writer.End();
        NetlinkReply reply = _socket.Ask(writer.Written);
        if (reply.Error != Errno.None ? reply.Error != harmless : reply.Acknowledged == 0)
        {
            throw new LinuxException(what, _name, reply.Error == Errno.None ? Errno.EPROTO : reply.Error);
        }
    }

    private IEnumerable<byte[]> Dump(ushort request, ushort answer, bool ipv6)
    {
        for (int attempt = 1; ; attempt++)
        {
            var writer = new NetlinkWriter();
            writer.Begin(request, Kernel.NLM_F_REQUEST | Kernel.NLM_F_DUMP);
            writer.Raw([Family(ipv6), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
            writer.End();
            NetlinkReply reply = _socket.Ask(writer.Written);
            if (ipv6 && reply.Error is Errno.EAFNOSUPPORT or Errno.EOPNOTSUPP)
            {
                return [];
            }

            if (reply.Error == Errno.None && reply.Acknowledged > 0 && !reply.IsBroken)
            {
                return reply.Objects.Where(o => o.Type == answer && o.Body.Length > 0 && o.Body[0] == Family(ipv6)).Select(o => o.Body);
            }

            if (reply.Error != Errno.None || attempt == Attempts)
            {
                throw new LinuxException("list routing", _name, reply.Error == Errno.None ? Errno.EPROTO : reply.Error);
            }
        }
    }
}

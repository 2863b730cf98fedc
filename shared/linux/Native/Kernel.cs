namespace Ambient.Linux.Native;

/// <summary>Constants of the kernel's netlink headers (linux/netlink.h, linux/rtnetlink.h, linux/fib_rules.h, linux/sock_diag.h, linux/inet_diag.h, linux/netfilter/nfnetlink.h, linux/netfilter/nf_tables.h), names as there.</summary>
internal static class Kernel
{
    public const int NETLINK_ROUTE = 0, NETLINK_SOCK_DIAG = 4, NETLINK_NETFILTER = 12;
    public const ushort SOCK_DIAG_BY_FAMILY = 20;
    public const ushort INET_DIAG_MARK = 15;
    public const int TCP_TIME_WAIT = 6, TCP_CLOSE = 7, TCP_LISTEN = 10, IPPROTO_TCP = 6, IPPROTO_UDP = 17;
    public const ushort NLMSG_ERROR = 2, NLMSG_DONE = 3;
    public const ushort NLM_F_REQUEST = 1, NLM_F_MULTI = 2, NLM_F_ACK = 4, NLM_F_DUMP = 0x300, NLM_F_REPLACE = 0x100, NLM_F_EXCL = 0x200, NLM_F_CREATE = 0x400, NLM_F_APPEND = 0x800, NLM_F_DUMP_INTR = 0x10;
    public const ushort NLA_F_NESTED = 0x8000;

    public const int NFNL_SUBSYS_NFTABLES = 10;
    public const ushort NFNL_MSG_BATCH_BEGIN = 16, NFNL_MSG_BATCH_END = 17;
    public const byte NFPROTO_INET = 1, NFPROTO_IPV4 = 2, NFPROTO_NETDEV = 5, NFPROTO_IPV6 = 10;
    public const int NF_INET_PRE_ROUTING = 0, NF_INET_LOCAL_IN = 1, NF_INET_FORWARD = 2, NF_INET_LOCAL_OUT = 3, NF_INET_POST_ROUTING = 4, NF_NETDEV_EGRESS = 1;
    public const int NF_DROP = 0, NF_ACCEPT = 1;

    public const int NFT_MSG_NEWTABLE = 0, NFT_MSG_GETTABLE = 1, NFT_MSG_DELTABLE = 2, NFT_MSG_NEWCHAIN = 3, NFT_MSG_GETCHAIN = 4, NFT_MSG_NEWRULE = 6, NFT_MSG_GETRULE = 7;
    public const ushort NFTA_TABLE_NAME = 1;
    public const ushort NFTA_CHAIN_TABLE = 1, NFTA_CHAIN_NAME = 3, NFTA_CHAIN_HOOK = 4, NFTA_CHAIN_POLICY = 5, NFTA_CHAIN_TYPE = 7;
    public const ushort NFTA_HOOK_HOOKNUM = 1, NFTA_HOOK_PRIORITY = 2, NFTA_HOOK_DEVS = 4, NFTA_DEVICE_NAME = 1;
    public const ushort NFTA_RULE_TABLE = 1, NFTA_RULE_CHAIN = 2, NFTA_RULE_EXPRESSIONS = 4;
    public const ushort NFTA_LIST_ELEM = 1, NFTA_EXPR_NAME = 1, NFTA_EXPR_DATA = 2;
    public const ushort NFTA_META_DREG = 1, NFTA_META_KEY = 2;
    public const ushort NFTA_CMP_SREG = 1, NFTA_CMP_OP = 2, NFTA_CMP_DATA = 3, NFTA_DATA_VALUE = 1, NFTA_DATA_VERDICT = 2, NFTA_VERDICT_CODE = 1;
    public const ushort NFTA_PAYLOAD_DREG = 1, NFTA_PAYLOAD_BASE = 2, NFTA_PAYLOAD_OFFSET = 3, NFTA_PAYLOAD_LEN = 4;
    public const ushort NFTA_IMMEDIATE_DREG = 1, NFTA_IMMEDIATE_DATA = 2;
    public const int NFT_REG_VERDICT = 0, NFT_REG32_00 = 8;
    public const int NFT_META_PROTOCOL = 1, NFT_META_IIF = 4, NFT_META_OIF = 5, NFT_META_RTCLASSID = 13, NFT_META_NFPROTO = 15, NFT_META_L4PROTO = 16;
    public const int NFT_CMP_EQ = 0, NFT_CMP_NEQ = 1, NFT_CMP_LTE = 3, NFT_CMP_GTE = 5, NFT_PAYLOAD_LL_HEADER = 0, NFT_PAYLOAD_TRANSPORT_HEADER = 2;

    public const ushort RTM_NEWROUTE = 24, RTM_DELROUTE = 25, RTM_GETROUTE = 26, RTM_NEWRULE = 32, RTM_DELRULE = 33, RTM_GETRULE = 34;
    public const byte FR_ACT_TO_TBL = 1, FR_ACT_GOTO = 2;
    public const ushort FRA_DST = 1, FRA_SRC = 2, FRA_IIFNAME = 3, FRA_GOTO = 4, FRA_PRIORITY = 6, FRA_FWMARK = 10, FRA_SUPPRESS_PREFIXLEN = 14, FRA_TABLE = 15, FRA_FWMASK = 16;
    public const ushort FRA_PAD = 18, FRA_PROTOCOL = 21, FRA_IP_PROTO = 22, FRA_SPORT_RANGE = 23, FRA_DPORT_RANGE = 24;
    public const uint FIB_RULE_INVERT = 2;
    public const byte RTN_LOCAL = 2, RT_SCOPE_UNIVERSE = 0, RT_SCOPE_HOST = 254, RT_SCOPE_NOWHERE = 255, RTPROT_BOOT = 3;
    public const ushort RTA_DST = 1, RTA_OIF = 4, RTA_PREFSRC = 7, RTA_TABLE = 15;
}

namespace Ambient.Linux.Proc;

/// <summary>Capabilities that the mesh needs (linux/capability.h).</summary>
public enum Capability
{
    /// <summary>CAP_NET_BIND_SERVICE.</summary>
    NetBindService = 10,

    /// <summary>CAP_NET_ADMIN: marks, transparent sockets.</summary>
    NetAdmin = 12,

    /// <summary>CAP_NET_RAW: transparent sockets.</summary>
    NetRaw = 13,

    /// <summary>CAP_SYS_PTRACE.</summary>
    SysPtrace = 19,

    /// <summary>CAP_SYS_ADMIN: setns.</summary>
    SysAdmin = 21,
}

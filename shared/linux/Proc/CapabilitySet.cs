using System.Globalization;

namespace Ambient.Linux.Proc;

/// <summary>The effective capabilities of a process. Immutable.</summary>
/// <param name="Bits">Bit n is capability n.</param>
public readonly record struct CapabilitySet(ulong Bits)
{
    /// <summary>What in-pod mode needs before it may start (ztunnel.md 8.4).</summary>
    public static IReadOnlyList<Capability> ForPods { get; } = [Capability.SysAdmin, Capability.NetAdmin, Capability.NetRaw];

    /// <summary>Those of this process; empty when /proc cannot be read.</summary>
    public static CapabilitySet OfThisProcess()
    {
        try
        {
            return TryParse(File.ReadAllText("/proc/self/status"), out CapabilitySet set) ? set : default;
        }
        catch (IOException)
        {
            return default;
        }
        catch (UnauthorizedAccessException)
        {
            return default;
        }
    }

    /// <summary>Reads the CapEff line of a /proc status file.</summary>
    public static bool TryParse(string status, out CapabilitySet set)
    {
        ArgumentNullException.ThrowIfNull(status);
        foreach (ReadOnlySpan<char> line in status.AsSpan().EnumerateLines())
        {
            if (line.StartsWith("CapEff:", StringComparison.Ordinal)
                && ulong.TryParse(line[7..].Trim(), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong bits))
            {
                set = new CapabilitySet(bits);
                return true;
            }
        }

        set = default;
        return false;
    }

    /// <summary>Whether the capability is in force.</summary>
    public bool Has(Capability capability) => (Bits >> (int)capability & 1) != 0;

    /// <summary>Which of the needed ones are missing, with their native names; empty when all are there.</summary>
    public IReadOnlyList<string> Missing(IReadOnlyList<Capability> needed)
    {
        ArgumentNullException.ThrowIfNull(needed);
        var missing = new List<string>();
        foreach (Capability capability in needed)
        {
            if (!Has(capability))
            {
                missing.Add(Name(capability));
            }
        }

        return missing;
    }

    private static string Name(Capability capability) => capability switch
    {
        Capability.NetBindService => "CAP_NET_BIND_SERVICE",
        Capability.NetAdmin => "CAP_NET_ADMIN",
        Capability.NetRaw => "CAP_NET_RAW",
        Capability.SysPtrace => "CAP_SYS_PTRACE",
        Capability.SysAdmin => "CAP_SYS_ADMIN",
        _ => "capability " + ((int)capability).ToString(CultureInfo.InvariantCulture),
    };
}

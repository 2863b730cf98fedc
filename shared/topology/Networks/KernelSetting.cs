using Ambient.Linux.Namespaces;

namespace Ambient.Topology.Networks;

/// <summary>Network settings below /proc/sys, which show the namespace of the thread that opens them.</summary>
public static class KernelSetting
{
    /// <summary>Writes a setting such as <c>net/ipv4/ip_forward</c> in a namespace. Throws <see cref="IOException"/>.</summary>
    public static void Write(NetworkNamespace network, string setting, string value)
    {
        ArgumentNullException.ThrowIfNull(network);
        string path = PathOf(setting);
        network.Run(() =>
        {
            File.WriteAllText(path, value);
            return true;
        });
    }

    /// <summary>Reads a setting in a namespace. Throws <see cref="IOException"/>.</summary>
    public static string Read(NetworkNamespace network, string setting)
    {
        ArgumentNullException.ThrowIfNull(network);
        string path = PathOf(setting);
        return network.Run(() => File.ReadAllText(path)).Trim();
    }

    private static string PathOf(string setting) => Path.Combine("/proc/sys", setting);
}

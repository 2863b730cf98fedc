using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Ambient.Cni.Agent.Settings;
using Ambient.Linux.Namespaces;

namespace Ambient.Cni.Agent.Probes;

/// <summary>How this node's probes reach its pods, and by which source they are recognised. Immutable.</summary>
/// <param name="Mode">Never <see cref="ProbeMode.Automatic"/>.</param>
/// <param name="Address">What pods let in.</param>
/// <param name="AddressV6">The same for IPv6.</param>
/// <param name="Reason">For the log.</param>
public sealed record ProbeChoice(ProbeMode Mode, IPAddress Address, IPAddress AddressV6, string Reason)
{
    /// <summary>The node's end of Cilium: what it sends to pods has this interface's address, and what netfilter translates does not arrive.</summary>
    private const string CiliumInterface = "cilium_host";

    /// <summary>What the settings say; where they leave it open, what the node's network asks for.</summary>
    public static ProbeChoice Make(AgentSettings settings, NetworkNamespace node)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(node);
        return Make(settings, settings.Probes == ProbeMode.Automatic ? node.Run(AddressesOfCilium) : []);
    }

    /// <summary>As above, with the addresses of Cilium's interface; none where there is none.</summary>
    internal static ProbeChoice Make(AgentSettings settings, IReadOnlyList<IPAddress> cilium)
    {
        if (settings.Probes != ProbeMode.Automatic)
        {
            return new ProbeChoice(settings.Probes, settings.ProbeAddress, settings.ProbeAddressV6, "PROBE_MODE");
        }

        IPAddress? v4 = cilium.FirstOrDefault(a => a.AddressFamily == AddressFamily.InterNetwork);
        IPAddress? v6 = cilium.FirstOrDefault(a => a.AddressFamily == AddressFamily.InterNetworkV6 && !a.IsIPv6LinkLocal);
        return v4 is null && v6 is null
            ? new ProbeChoice(ProbeMode.Translate, settings.ProbeAddress, settings.ProbeAddressV6, "nothing on the node stands against it")
            : new ProbeChoice(ProbeMode.NodeAddress, v4 ?? settings.ProbeAddress, v6 ?? settings.ProbeAddressV6, $"the node has {CiliumInterface}");
    }

    private static IReadOnlyList<IPAddress> AddressesOfCilium() =>
        [.. NetworkInterface.GetAllNetworkInterfaces().Where(i => i.Name == CiliumInterface).SelectMany(i => i.GetIPProperties().UnicastAddresses).Select(a => a.Address)];
}

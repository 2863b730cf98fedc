using System.Diagnostics.CodeAnalysis;
using Ambient.Mesh.Addresses;

namespace Ambient.Mesh.Services;

/// <summary>Names a waypoint or a network's gateway, by hostname or by address. Immutable.</summary>
public sealed record GatewayAddress
{
    private GatewayAddress(NamespacedHostname? hostname, NetworkAddress address, ushort port)
    {
        Hostname = hostname;
        Address = address;
        Port = port;
    }

    /// <summary>The Service or workload by name; null when it is given by address.</summary>
    public NamespacedHostname? Hostname { get; }

    /// <summary>The address, when <see cref="Hostname"/> is null.</summary>
    public NetworkAddress Address { get; }

    /// <summary>The port on which it takes HBONE, before a Service's port mapping (<c>hbone_mtls_port</c>).</summary>
    public ushort Port { get; }

    /// <summary>Whether it is given by hostname.</summary>
    [MemberNotNullWhen(true, nameof(Hostname))]
    public bool IsByHostname => Hostname is not null;

    /// <summary>What config_dump calls <c>destination</c>: <c>namespace/hostname</c> or <c>network/address</c>.</summary>
    public string Destination => Hostname is null ? Address.ToString() : Hostname.ToString();

    /// <summary>A reference by name.</summary>
    public static GatewayAddress To(NamespacedHostname hostname, ushort port) => new(hostname, default, port);

    /// <summary>A reference by address.</summary>
    public static GatewayAddress To(NetworkAddress address, ushort port) => new(null, address, port);

    /// <summary>Destination and port, as error texts name it.</summary>
    public override string ToString() => Hostname is null ? $"{Address.Network}/{new IpPort(Address.Address, Port)}" : $"{Hostname}:{Port}";
}

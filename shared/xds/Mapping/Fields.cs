using Ambient.Mesh.Addresses;
using Ambient.Mesh.Services;
using Google.Protobuf;
using Wire = Ambient.Protocol.Istio.Workload;

namespace Ambient.Xds.Mapping;

/// <summary>The parts that workloads and services share. Stateless.</summary>
internal static class Fields
{
    internal static IpAddress Address(ByteString bytes, string field) =>
        IpAddress.TryFrom(bytes.Span, out IpAddress address) ? address : throw new FieldException($"{field}: an address has 4 or 16 bytes, not {bytes.Length}");

    internal static NamespacedHostname Hostname(string text, string field) =>
        NamespacedHostname.TryParse(text, out NamespacedHostname? value) ? value : throw new FieldException($"{field}: '{text}' is not of the form namespace/hostname");

    internal static GatewayAddress? Gateway(Wire.GatewayAddress? wire, string field) => wire is null ? null : RequiredGateway(wire, field);

    internal static GatewayAddress RequiredGateway(Wire.GatewayAddress? wire, string field) => wire?.DestinationCase switch
    {
        Wire.GatewayAddress.DestinationOneofCase.Hostname =>
            GatewayAddress.To(new NamespacedHostname(wire.Hostname.Namespace, wire.Hostname.Hostname), Port(wire.HboneMtlsPort)),
        Wire.GatewayAddress.DestinationOneofCase.Address =>
            GatewayAddress.To(new NetworkAddress(wire.Address.Network, Address(wire.Address.Address, $"{field}.address")), Port(wire.HboneMtlsPort)),
        _ => throw new FieldException($"{field}: a gateway without destination"),
    };

    internal static PortMap Ports(IReadOnlyList<Wire.Port> wire)
    {
        if (wire.Count == 0)
        {
            return PortMap.Empty;
        }

        var pairs = new (int, int)[wire.Count];
        for (int i = 0; i < pairs.Length; i++)
        {
            pairs[i] = (Port(wire[i].ServicePort), Port(wire[i].TargetPort));
        }

        return PortMap.Of(pairs);
    }

    /// <summary>Ports are 16 bits; what is above is cut off, as by every peer.</summary>
    internal static ushort Port(uint wire) => (ushort)wire;

    internal static FieldException Unknown(string field, object value) => new($"{field}: unknown value {value}");
}

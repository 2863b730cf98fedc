using Ambient.Mesh.Addresses;
using Ambient.Mesh.Services;
using YamlDotNet.RepresentationModel;

namespace Ambient.Ztunnel.Discovery.Local;

/// <summary>References to services and gateways. Stateless.</summary>
internal static class GatewayReading
{
    internal static NamespacedHostname Host(YamlNode node, string field) =>
        NamespacedHostname.TryParse(YamlReading.Text(node, field), out NamespacedHostname? host)
            ? host
            : throw LocalFileException.At(node, $"{field}: '{node}' is not of the form namespace/hostname");

    internal static GatewayAddress? Optional(YamlFields fields, string key) => fields.Read<GatewayAddress?>(key, Gateway, null);

    internal static GatewayAddress Gateway(YamlNode node, string field)
    {
        var fields = new YamlFields(node, field);
        GatewayAddress gateway = Gateway(fields);
        fields.End();
        return gateway;
    }

    internal static WeightedWaypoint Weighted(YamlNode node)
    {
        var fields = new YamlFields(node, "a weighted waypoint");
        GatewayAddress destination = Gateway(fields);
        uint weight = YamlReading.Number(fields.Require("weight"), "weight");
        fields.End();
        return new WeightedWaypoint(destination, weight);
    }

    /// <summary>The destination as text beside its port, or a whole reference under <c>destination</c>.</summary>
    private static GatewayAddress Gateway(YamlFields fields)
    {
        YamlNode destination = fields.Require("destination");
        if (destination is YamlMappingNode)
        {
            return Gateway(destination, "destination");
        }

        ushort port = fields.Read("hboneMtlsPort", YamlReading.Port, (ushort)0);
        string text = YamlReading.Text(destination, "destination");
        return NetworkAddress.TryParse(text, out NetworkAddress address)
            ? GatewayAddress.To(address, port)
            : GatewayAddress.To(Host(destination, "destination"), port);
    }
}

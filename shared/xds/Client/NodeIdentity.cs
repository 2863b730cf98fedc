using System.Text.Json;
using Ambient.Protocol.Envoy.Discovery;
using Google.Protobuf.WellKnownTypes;

namespace Ambient.Xds.Client;

/// <summary>The node of first requests (ztunnel reference section 4.2). Stateless.</summary>
public static class NodeIdentity
{
    /// <summary>Builds the message.</summary>
    /// <param name="settings">Who we are.</param>
    /// <param name="onSkipped">Told of each JSON value that cannot be parsed: key and reason.</param>
    public static Node Build(NodeSettings settings, Action<string, string>? onSkipped = null)
    {
        var metadata = new Struct();
        metadata.Fields["NAME"] = Value.ForString(settings.PodName);
        metadata.Fields["NAMESPACE"] = Value.ForString(settings.PodNamespace);
        metadata.Fields["INSTANCE_IPS"] = Value.ForString(settings.InstanceIp);
        metadata.Fields["NODE_NAME"] = Value.ForString(settings.NodeName);
        foreach ((string key, string value) in settings.ProxyMetadata)
        {
            metadata.Fields[key] = Value.ForString(value);
        }

        foreach ((string key, string json) in settings.JsonMetadata)
        {
            try
            {
                using JsonDocument document = JsonDocument.Parse(json);
                metadata.Fields[key] = ToValue(document.RootElement);
            }
            catch (JsonException malformed)
            {
                onSkipped?.Invoke(key, malformed.Message);
            }
        }

        return new Node
        {
            // The suffix is fixed, whatever the cluster's domain is.
            Id = $"{settings.Role}~{settings.InstanceIp}~{settings.PodName}.{settings.PodNamespace}~{settings.PodNamespace}.svc.cluster.local",
            Metadata = metadata,
        };
    }

    private static Value ToValue(JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.Object => Value.ForStruct(ToStruct(json)),
        JsonValueKind.Array => Value.ForList([.. json.EnumerateArray().Select(ToValue)]),
        JsonValueKind.String => Value.ForString(json.GetString()!),
        JsonValueKind.Number => Value.ForNumber(json.GetDouble()),
        JsonValueKind.True or JsonValueKind.False => Value.ForBool(json.GetBoolean()),
        _ => Value.ForNull(),
    };

    private static Struct ToStruct(JsonElement json)
    {
        var all = new Struct();
        foreach (JsonProperty property in json.EnumerateObject())
        {
            all.Fields[property.Name] = ToValue(property.Value);
        }

        return all;
    }
}

using Ambient.Protocol.Envoy.Discovery;
using Ambient.Waypoint.Configuration;
using Ambient.Xds.Client;
using Google.Protobuf;

namespace Ambient.Waypoint.Discovery;

/// <summary>Resources of one type on their way from the control plane into the configuration. Called by one thread at a time.</summary>
internal sealed class ResourceSink<T>(string typeUrl, MessageParser<T> parser, Func<ConfigurationPart<T>, ConfigurationChange> change, ConfigurationStore store, bool isKept = true, Func<T, bool>? removeSecrets = null) : IResourceSink
    where T : IMessage<T>
{
    /// <inheritdoc/>
    public string TypeUrl => typeUrl;

    /// <inheritdoc/>
    public bool IsKept => isKept;

    /// <inheritdoc/>
    public Resource ForDisk(Resource resource)
    {
        if (removeSecrets is null)
        {
            return resource;
        }

        T content = parser.ParseFrom(resource.Resource_.Value);
        return !removeSecrets(content) ? resource
            : new Resource { Name = resource.Name, Resource_ = new Google.Protobuf.WellKnownTypes.Any { TypeUrl = resource.Resource_.TypeUrl, Value = content.ToByteString() } };
    }

    /// <inheritdoc/>
    public void Apply(IReadOnlyList<Resource> resources, IReadOnlyList<string> removed, Action<Resource, string> refuse)
    {
        Dictionary<string, T> changed = new(StringComparer.Ordinal);
        foreach (Resource resource in resources)
        {
            try
            {
                changed[resource.Name] = parser.ParseFrom(resource.Resource_.Value);
            }
            catch (InvalidProtocolBufferException malformed)
            {
                refuse(resource, malformed.Message);
            }
        }

        store.Apply(change(new ConfigurationPart<T>(changed, removed)) with
        {
            Refuse = (name, reason) => refuse(resources.First(resource => resource.Name == name), reason),
        });
    }
}

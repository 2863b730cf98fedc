using Ambient.Protocol.Envoy.Discovery;
using Ambient.Protocol.L7;
using Ambient.Routing.Messages;
using Ambient.Waypoint.Configuration;
using Ambient.Xds.Client;
using Google.Protobuf;

namespace Ambient.Waypoint.Discovery;

/// <summary>The one resource that holds for the waypoint as a whole. Without it everything is as usual. Called by one thread at a time.</summary>
internal sealed class SettingsSink(ConfigurationStore store) : IResourceSink
{
    /// <inheritdoc/>
    public string TypeUrl => ResourceTypes.Settings;

    /// <inheritdoc/>
    public void Apply(IReadOnlyList<Resource> resources, IReadOnlyList<string> removed, Action<Resource, string> refuse)
    {
        if (resources.Count == 0)
        {
            if (removed.Count > 0)
            {
                store.Apply(new ConfigurationChange { Settings = new WaypointSettings() });
            }

            return;
        }

        try
        {
            store.Apply(new ConfigurationChange { Settings = WaypointSettings.Parser.ParseFrom(resources[^1].Resource_.Value) });
        }
        catch (InvalidProtocolBufferException malformed)
        {
            refuse(resources[^1], malformed.Message);
        }
    }
}

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
    public Resource ForDisk(Resource resource)
    {
        WaypointSettings settings = WaypointSettings.Parser.ParseFrom(resource.Resource_.Value);
        return !RemoveSecrets(settings) ? resource
            : new Resource { Name = resource.Name, Resource_ = new Google.Protobuf.WellKnownTypes.Any { TypeUrl = resource.Resource_.TypeUrl, Value = settings.ToByteString() } };
    }

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

    /// <summary>
    /// Takes out what others let us in by: the fields that go to authorisers and collectors; whether there were any. A collector may be told without; an authoriser that would not know us is not asked,
    /// and what it should be asked about is denied.
    /// </summary>
    internal static bool RemoveSecrets(WaypointSettings settings)
    {
        bool hadAny = false;
        foreach (Authorizer authorizer in settings.Authorizers.Where(static authorizer => authorizer.AdditionalFields.Count > 0))
        {
            hadAny = true;
            authorizer.AdditionalFields.Clear();
            authorizer.Service = null;
        }

        foreach (OtlpEndpoint collector in (settings.Telemetry?.Providers ?? []).Select(static provider => provider.OtlpLogs ?? provider.OtlpTraces).OfType<OtlpEndpoint>().Where(static collector => collector.Headers.Count > 0))
        {
            hadAny = true;
            collector.Headers.Clear();
        }

        return hadAny;
    }
}

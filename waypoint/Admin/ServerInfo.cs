using System.Text.Json;
using Ambient.Waypoint.Settings;

namespace Ambient.Waypoint.Admin;

/// <summary>Who this process is, since when, and in which state. Thread-safe.</summary>
/// <param name="options">The settings.</param>
/// <param name="state">What keeps it from being ready, or null.</param>
/// <param name="isDraining">Whether it takes no more work.</param>
/// <param name="clock">The time.</param>
internal sealed class ServerInfo(WaypointOptions options, Func<string?> state, Func<bool> isDraining, TimeProvider clock)
{
    private readonly long _began = clock.GetTimestamp();

    /// <summary>As one word: LIVE, INITIALIZING or DRAINING.</summary>
    public string State => isDraining() ? "DRAINING" : state() is null ? "LIVE" : "INITIALIZING";

    /// <summary>As an object.</summary>
    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("version"u8, typeof(ServerInfo).Assembly.GetName().Version?.ToString(3) ?? "unknown");
#if DEBUG
        json.WriteString("buildProfile"u8, "debug"u8);
#else
        json.WriteString("buildProfile"u8, "release"u8);
#endif
        json.WriteString("state"u8, State);
        if (state() is { } obstacle)
        {
            json.WriteString("notReady"u8, obstacle);
        }

        json.WriteNumber("uptimeSeconds"u8, (long)clock.GetElapsedTime(_began).TotalSeconds);
        json.WriteString("gateway"u8, $"{options.Identity.Namespace}/{options.GatewayName}");
        json.WriteString("identity"u8, options.Identity.ToString());
        json.WriteString("pod"u8, options.PodName);
        json.WriteString("node"u8, options.NodeName);
        json.WriteString("cluster"u8, options.ClusterId);
        json.WriteString("network"u8, options.Network);
        json.WriteNumber("threads"u8, options.Threads);
        json.WriteString("xdsAddress"u8, options.Discovery?.Address.ToString() ?? "");
        json.WriteString("caAddress"u8, options.Authority?.Address.ToString() ?? "");
        json.WriteString("configurationFile"u8, options.ConfigurationPath ?? "");
        json.WriteString("snapshotFile"u8, options.SnapshotPath ?? "");
        json.WriteNumber("drainSeconds"u8, (long)options.DrainTime.TotalSeconds);
        json.WriteEndObject();
    }
}

using Ambient.ControlPlane.Routing.Inputs;
using Ambient.Protocol.L7;

namespace Ambient.ControlPlane.Routing.Services;

/// <summary>What holds where nobody says anything about retries (waypoint reference 2.1.3, 2.9).</summary>
internal static class RetryDefaults
{
    private static readonly string[] Conditions = ["connect-failure", "refused-stream", "unavailable", "cancelled"];

    public static RetryPolicy Make() => new() { Attempts = 2, Conditions = { Conditions } };

    /// <summary>The same, unless MeshConfig has a word about it.</summary>
    public static RetryPolicy Of(MeshDefaults defaults) => defaults.Retry?.Clone() ?? Make();
}

using Ambient.Identity.Trust;
using Ambient.Telemetry.Logging;

namespace Ambient.Waypoint.Certificates;

/// <summary>The revocation lists of the mesh (CRL_PATH), looked at in each handshake of a tunnel; as ztunnels do it (ztunnel reference section 2.11). Stateless.</summary>
internal static class MeshRevocations
{
    /// <summary>The lists, watched from now on, also for a file that is not there yet; null when none are configured.</summary>
    /// <exception cref="InvalidDataException">The file is there and is no revocation list: nobody can know whom it would refuse.</exception>
    internal static RevocationStore? Open(string? path, Logger log, TimeProvider clock)
    {
        // Most meshes have none, and the volume is empty until there is one.
        void Say(string reason) => log.Log(File.Exists(path) ? LogLevel.Warn : LogLevel.Debug, "revocation lists", LogField.Of("reason", reason));

        try
        {
            return path is null ? null : RevocationStore.Open(path, clock, Say);
        }
        catch (InvalidDataException unusable)
        {
            throw new InvalidDataException("CRL_PATH: " + unusable.Message, unusable);
        }
    }
}

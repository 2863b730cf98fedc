using Ambient.Identity.Trust;
using Ambient.Telemetry.Logging;
using Ambient.Ztunnel.Settings;

namespace Ambient.Ztunnel.Certificates;

/// <summary>Opens the revocation lists of CRL_PATH (ztunnel reference section 2.11). Stateless.</summary>
public static class RevocationLists
{
    /// <summary>
    /// The lists, watched from now on; null when none are configured. A file that cannot be understood switches checking off with a
    /// warning, because availability goes first upstream; in strict mode it stops the start.
    /// </summary>
    /// <exception cref="InvalidDataException">Strict mode, and the file is no revocation list.</exception>
    public static RevocationStore? Open(ZtunnelSettings settings, LogHub logs, TimeProvider clock)
    {
        if (settings.CrlPath is not { } path)
        {
            return null;
        }

        Logger log = logs.For("ztunnel::tls::crl");
        try
        {
            RevocationStore store = RevocationStore.Open(path, clock, reason => log.Warn("revocation lists", LogField.Of("reason", reason)));
            log.Info("revocation lists loaded", LogField.Of("path", path), LogField.Of("lists", store.Current.Lists.Count));
            return store;
        }
        catch (InvalidDataException broken) when (!settings.IsCrlStrict)
        {
            log.Warn("revocation checking is off; CRL_STRICT=true would refuse to start", LogField.Of("path", path), LogField.Of("reason", broken.Message));
            return null;
        }
    }
}

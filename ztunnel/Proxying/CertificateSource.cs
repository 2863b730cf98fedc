using Ambient.Identity.Issuing;
using Ambient.Ztunnel.Settings;

namespace Ambient.Ztunnel.Proxying;

/// <summary>Who issues our workloads' certificates.</summary>
internal static class CertificateSource
{
    /// <summary>The local test authority, or the control plane's.</summary>
    public static ICertificateIssuer Choose(ZtunnelSettings settings) => settings.IsFakeCa
        ? LocalAuthority.Open(new LocalAuthorityOptions { Directory = settings.FakeCaDirectory ?? LocalAuthorityOptions.DefaultDirectory }, TimeProvider.System)
        : throw new InvalidOperationException("no certificate authority: set FAKE_CA=true, the control plane's authority is not connected yet");
}

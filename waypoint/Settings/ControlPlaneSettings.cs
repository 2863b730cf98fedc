using Ambient.Grpc.Client;
using Ambient.Identity.Client;

namespace Ambient.Waypoint.Settings;

/// <summary>One connection to the control plane. Immutable; prints no token.</summary>
/// <param name="Address">Where it is.</param>
/// <param name="Roots">A file, <c>SYSTEM</c>, or PEM.</param>
/// <param name="AlternativeName">A server name that is accepted too; null for none.</param>
/// <param name="Token">Who we are; null for nobody.</param>
/// <param name="ClusterId">Our cluster.</param>
internal sealed record ControlPlaneSettings(Uri Address, string Roots, string? AlternativeName, TokenSource? Token, string ClusterId)
{
    /// <summary>As the gRPC client wants it.</summary>
    public GrpcChannelOptions Channel() => new()
    {
        Address = Address,
        Roots = Roots == "SYSTEM" ? ServerRoots.System() : Roots.Contains("-----BEGIN", StringComparison.Ordinal) ? ServerRoots.FromPem(Roots) : ServerRoots.FromFile(Roots),
        AlternativeName = AlternativeName,
        Headers = new CallHeaders(Token, ClusterId, []).ReadAsync,
    };
}

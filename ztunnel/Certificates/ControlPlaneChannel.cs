using Ambient.Grpc.Client;
using Ambient.Identity.Client;
using Ambient.Ztunnel.Settings;

namespace Ambient.Ztunnel.Certificates;

/// <summary>Settings of a control plane connection in the terms of the gRPC client. Stateless.</summary>
internal static class ControlPlaneChannel
{
    internal static GrpcChannelOptions Options(ControlPlaneSettings settings, ZtunnelSettings all)
    {
        var headers = new CallHeaders(all.Token, all.ClusterId, settings.Headers);
        return new GrpcChannelOptions
        {
            Address = settings.Address ?? throw new ArgumentException("The connection is switched off.", nameof(settings)),
            Roots = Roots(settings.Roots),
            AlternativeName = settings.AlternativeHostname,
            Headers = headers.ReadAsync,
        };
    }

    private static ServerRoots Roots(RootSource source) => source.Kind switch
    {
        RootSourceKind.System => ServerRoots.System(),
        RootSourceKind.Inline => ServerRoots.FromPem(source.Value),
        _ => ServerRoots.FromFile(source.Value),
    };
}

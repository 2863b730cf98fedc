using Ambient.Protocol.L7;

namespace Ambient.ControlPlane.Routing.Serving;

/// <summary>What a port speaks at a waypoint, by what it is said to speak (waypoint reference 1.3). Pure.</summary>
internal static class PortProtocols
{
    /// <summary>Whether clients may speak gRPC-Web there.</summary>
    public static bool IsGrpcWeb(string declared) => declared.StartsWith("grpc-web", StringComparison.OrdinalIgnoreCase);

    public static PortProtocol Of(string declared, ushort port)
    {
        switch (declared)
        {
            case "kubernetes.io/h2c":
                return PortProtocol.Http2;
            case "kubernetes.io/ws":
                return PortProtocol.Http;
            case "kubernetes.io/wss":
                return PortProtocol.Tls;
            case var web when IsGrpcWeb(web):
                return PortProtocol.Http2;
            default:
                return declared.Split('-')[0].ToUpperInvariant() switch
                {
                    "HTTP" or "HTTP_PROXY" => PortProtocol.Http,
                    "HTTP2" or "GRPC" => PortProtocol.Http2,
                    "HTTPS" or "TLS" => PortProtocol.Tls,
                    "TCP" or "MONGO" or "REDIS" or "MYSQL" => PortProtocol.Tcp,

                    // Servers of these speak first, and everybody knows them by their numbers.
                    _ => port is 25 or 53 or 3306 or 27017 ? PortProtocol.Tcp : PortProtocol.Detect,
                };
        }
    }
}

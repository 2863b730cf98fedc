using Ambient.Protocol.Istio.Workload;

namespace Ambient.ControlPlane.Discovery.Services;

/// <summary>What a port speaks, by its declaration (control-plane reference 2.5). Stateless.</summary>
internal static class ProtocolDetection
{
    /// <summary>By a Kubernetes port's appProtocol, else by its name.</summary>
    internal static AppProtocol OfPort(string appProtocol, string name, int port)
    {
        string text = appProtocol.Length > 0 ? appProtocol : name;
        switch (text)
        {
            case "kubernetes.io/h2c":
                return AppProtocol.Http2;
            case "kubernetes.io/ws":
                return AppProtocol.Http11;
            case "kubernetes.io/wss":
                return AppProtocol.Tls;
            case var web when web.StartsWith("grpc-web", StringComparison.OrdinalIgnoreCase):
                return AppProtocol.Unknown;
            default:
                string word = text.Split('-')[0];
                return Known(word) ?? (port is 25 or 53 or 3306 or 27017 && !IsWord(word) ? AppProtocol.Tcp : AppProtocol.Unknown);
        }
    }

    /// <summary>By a ServiceEntry's protocol.</summary>
    internal static AppProtocol OfEntry(string protocol) => Known(protocol) ?? AppProtocol.Unknown;

    private static AppProtocol? Known(string word) => word.ToUpperInvariant() switch
    {
        "HTTP" => AppProtocol.Http11,
        "HTTP2" => AppProtocol.Http2,
        "GRPC" => AppProtocol.Grpc,
        "TLS" or "HTTPS" => AppProtocol.Tls,
        "TCP" => AppProtocol.Tcp,
        _ => null,
    };

    /// <summary>Recognised, but nothing that the wire has a word for.</summary>
    private static bool IsWord(string word) => word.ToUpperInvariant() is "UDP" or "HTTP_PROXY" or "MONGO" or "REDIS" or "MYSQL";
}

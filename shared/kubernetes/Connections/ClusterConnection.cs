using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Security;

namespace Ambient.Kubernetes.Connections;

/// <summary>How an API server is reached and who we are there. Immutable.</summary>
public sealed record ClusterConnection
{
    /// <summary>Address of the API server.</summary>
    public required Uri Server { get; init; }

    /// <summary>Which certificates it may show.</summary>
    public ServerTrust Trust { get; init; } = ServerTrust.Machine;

    /// <summary>Who we are.</summary>
    public ICredential Credential { get; init; } = new FixedCredential(Connections.Credential.Anonymous);

    /// <summary>Name in its certificate when it is not the address's host (<c>tls-server-name</c>).</summary>
    public string? ServerName { get; init; }

    /// <summary>Proxy on the way (<c>proxy-url</c>).</summary>
    public Uri? Proxy { get; init; }

    /// <summary>Our own namespace.</summary>
    public string Namespace { get; init; } = "default";

    /// <summary>
    /// In a pod: the service account's token, authority and namespace, and the address in the environment. Null, with the reason, outside.
    /// </summary>
    public static ClusterConnection? InCluster(IReadOnlyDictionary<string, string> environment, TimeProvider time, [NotNullWhen(false)] out string? error, string folder = "/var/run/secrets/kubernetes.io/serviceaccount")
    {
        ArgumentNullException.ThrowIfNull(environment);
        if (environment.GetValueOrDefault("KUBERNETES_SERVICE_HOST") is not { Length: > 0 } host || environment.GetValueOrDefault("KUBERNETES_SERVICE_PORT") is not { Length: > 0 } port)
        {
            error = "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set: not in a pod, or the pod has enableServiceLinks and the API's variables removed";
            return null;
        }

        string address = host.Contains(':') ? $"https://[{host}]:{port}" : $"https://{host}:{port}";
        if (!Uri.TryCreate(address, UriKind.Absolute, out Uri? server))
        {
            error = $"KUBERNETES_SERVICE_HOST={host} and KUBERNETES_SERVICE_PORT={port} make no address";
            return null;
        }

        try
        {
            string space = Path.Combine(folder, "namespace");
            var connection = new ClusterConnection
            {
                Server = server,
                Trust = ServerTrust.OfFile(Path.Combine(folder, "ca.crt")),
                Credential = new TokenFileCredential(Path.Combine(folder, "token"), time),
                Namespace = File.Exists(space) ? File.ReadAllText(space).Trim() : "default",
            };
            error = null;
            return connection;
        }
        catch (Exception unreadable) when (unreadable is CredentialException or IOException or UnauthorizedAccessException)
        {
            error = unreadable.Message;
            return null;
        }
    }

    internal SocketsHttpHandler MakeHandler(Func<Credential?> current) => new()
    {
        // Dead connections are noticed by pings: a watch may be silent for minutes and must not be believed for ever.
        KeepAlivePingDelay = TimeSpan.FromSeconds(15),
        KeepAlivePingTimeout = TimeSpan.FromSeconds(15),
        KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
        ConnectTimeout = TimeSpan.FromSeconds(10),
        PooledConnectionIdleTimeout = TimeSpan.FromMinutes(1),
        EnableMultipleHttp2Connections = true,
        AutomaticDecompression = DecompressionMethods.GZip,
        AllowAutoRedirect = false,
        UseCookies = false,
        UseProxy = Proxy is not null,
        Proxy = Proxy is null ? null : new WebProxy(Proxy),
        SslOptions = new SslClientAuthenticationOptions
        {
            RemoteCertificateValidationCallback = Trust.Accepts,
            LocalCertificateSelectionCallback = (_, _, _, _, _) => current()?.Certificate!,
        },
    };
}

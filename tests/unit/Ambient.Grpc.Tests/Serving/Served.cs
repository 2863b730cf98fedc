using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Ambient.Grpc.Client;
using Ambient.Grpc.Server;
using Ambient.Grpc.Tests.Servers;
using Ambient.Testing.Clocks;

namespace Ambient.Grpc.Tests.Serving;

/// <summary>A server under test, with ways to call it properly and rawly.</summary>
internal sealed class Served : IAsyncDisposable
{
    private Served(GrpcServer server, ServerCertificate certificate)
    {
        Server = server;
        Certificate = certificate;
    }

    public GrpcServer Server { get; }

    public ServerCertificate Certificate { get; }

    public ConcurrentQueue<GrpcCallEnd> Ends { get; } = new();

    public Uri Address => new($"https://localhost:{Server.Address.Port}");

    public static async Task<Served> StartAsync(GrpcMethod[] methods, Func<GrpcServerOptions, GrpcServerOptions>? change = null, ManualTime? clock = null)
    {
        var certificate = new ServerCertificate("localhost");
        SslStreamCertificateContext context = SslStreamCertificateContext.Create(certificate.Certificate, null, offline: true);
        Served? served = null;
        var options = new GrpcServerOptions
        {
            Address = new IPEndPoint(IPAddress.Loopback, 0),
            Certificate = () => context,
            CallEnded = end => served?.Ends.Enqueue(end),
        };
        GrpcServer server = await GrpcServer.StartAsync(change is null ? options : change(options), methods, clock ?? TimeProvider.System, CancellationToken.None);
        return served = new Served(server, certificate);
    }

    public GrpcChannel Channel() => new(new GrpcChannelOptions { Address = Address, Roots = ServerRoots.FromPem(Certificate.RootPem) }, TimeProvider.System);

    /// <summary>A POST whose headers and bytes are the test's own; returns the HTTP status and grpc-status with its message.</summary>
    public async Task<(int Http, string Status, string Message)> PostAsync(
        string path, byte[] body, string contentType = "application/grpc", (string Name, string Value)? header = null, X509Certificate2? certificate = null)
    {
        using HttpClient client = Http(certificate);
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(Address, path)) { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        request.Content = new ByteArrayContent(body);
        request.Content.Headers.TryAddWithoutValidation("content-type", contentType);
        if (header is { } extra)
        {
            request.Headers.TryAddWithoutValidation(extra.Name, extra.Value);
        }

        using HttpResponseMessage response = await client.SendAsync(request);
        await response.Content.ReadAsByteArrayAsync();
        string Trailer(string name) => response.TrailingHeaders.TryGetValues(name, out IEnumerable<string>? values) || response.Headers.TryGetValues(name, out values) ? string.Join(',', values) : "";
        return ((int)response.StatusCode, Trailer("grpc-status"), Trailer("grpc-message"));
    }

    public async ValueTask DisposeAsync() => await Server.DisposeAsync();

    private static HttpClient Http(X509Certificate2? certificate)
    {
        var handler = new SocketsHttpHandler();
        handler.SslOptions.RemoteCertificateValidationCallback = static (_, certificate, _, _) => certificate is not null;
        if (certificate is not null)
        {
            handler.SslOptions.ClientCertificates = [certificate];
        }

        return new HttpClient(handler) { Timeout = TimeSpan.FromSeconds(30) };
    }
}

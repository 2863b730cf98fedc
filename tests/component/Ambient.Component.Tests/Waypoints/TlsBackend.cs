using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Ambient.Component.Tests.Ztunnel;
using Ambient.Topology.Networks;

namespace Ambient.Component.Tests.Waypoints;

/// <summary>An HTTP server with TLS that answers with the server name and the protocol that were agreed upon. Disposing it stops it.</summary>
internal sealed class TlsBackend : IDisposable
{
    private readonly Socket _listener;
    private readonly X509Certificate2 _certificate;

    private TlsBackend(Socket listener, X509Certificate2 certificate)
    {
        (_listener, _certificate) = (listener, certificate);
        _ = Task.Run(AcceptAsync);
    }

    public static TlsBackend Start(VirtualPod pod, int port, (string Certificate, string Key) files)
    {
        using X509Certificate2 pem = X509Certificate2.CreateFromPemFile(files.Certificate, files.Key);
        return new TlsBackend(MeshPair.Listen(pod, port), X509CertificateLoader.LoadPkcs12(pem.Export(X509ContentType.Pkcs12), null));
    }

    public void Dispose()
    {
        _listener.Dispose();
        _certificate.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                Socket client = await _listener.AcceptAsync();
                _ = Task.Run(() => ServeAsync(client));
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Stopped.
        }
    }

    private async Task ServeAsync(Socket client)
    {
        try
        {
            await using SslStream tls = new(new NetworkStream(client, ownsSocket: true));
            await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = _certificate, ApplicationProtocols = [SslApplicationProtocol.Http11, SslApplicationProtocol.Http2] });
            byte[] buffer = new byte[16384];
            while (await tls.ReadAsync(buffer) > 0)
            {
                string body = $"tls {tls.TargetHostName} {tls.NegotiatedApplicationProtocol}";
                await tls.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Length: {body.Length}\r\n\r\n{body}"));
            }
        }
        catch (Exception e) when (e is IOException or AuthenticationException or SocketException or ObjectDisposedException)
        {
            // Whoever does not like us.
        }
    }
}

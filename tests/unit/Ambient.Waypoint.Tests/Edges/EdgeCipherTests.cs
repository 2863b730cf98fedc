using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Ambient.Waypoint.Edges;

namespace Ambient.Waypoint.Tests.Edges;

/// <summary>Which cipher suites a listener takes.</summary>
public sealed class EdgeCipherTests
{
    private const string Suites256 = "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384";

    [Theory]
    [InlineData("ECDHE-ECDSA-AES256-GCM-SHA384", SslProtocols.Tls12, Suites256)]
    [InlineData("x,ECDHE-ECDSA-AES256-GCM-SHA384,ALL", SslProtocols.Tls12, Suites256)]
    [InlineData("ECDHE-ECDSA-AES128-GCM-SHA256", SslProtocols.Tls12, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256")]
    [InlineData("", SslProtocols.Tls12, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256")]
    [InlineData("x,ALL", SslProtocols.Tls12, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256")]
    [InlineData("ECDHE-ECDSA-AES256-GCM-SHA384", SslProtocols.Tls13, "TLS_AES_256_GCM_SHA384")]
    [InlineData("ECDHE-ECDSA-AES128-GCM-SHA256", SslProtocols.Tls13, "TLS_AES_256_GCM_SHA384")]
    public async Task ListenersOption_ChoosesTheSuites_OfTls12Alone(string ciphers, SslProtocols version, string expected)
    {
        using X509Certificate2 made = LocalEdge.Certificate("CN=edge");
        using LocalEdge edge = new(maxClients: 2);
        EdgePortTable port = LocalEdge.Port(made, tolerates: false, ciphers.Split(',', StringSplitOptions.RemoveEmptyEntries), ("*", false));
        edge.Configure(port);
        using SslStream stream = new(new NetworkStream(edge.Connect(port)), leaveInnerStreamOpen: false);
        Task handshake = stream.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = "a.example.com",
            EnabledSslProtocols = version,
            RemoteCertificateValidationCallback = static (_, shown, _, _) => shown?.Subject == "CN=edge",
        });
        edge.RunUntil(() => handshake.IsCompleted);
        await handshake;
        Assert.Equal(expected, $"{stream.NegotiatedCipherSuite}");
    }
}

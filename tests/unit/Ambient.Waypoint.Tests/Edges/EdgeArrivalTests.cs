using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Ambient.Waypoint.Edges;

namespace Ambient.Waypoint.Tests.Edges;

/// <summary>Clients outside the mesh whose handshake fails.</summary>
public sealed class EdgeArrivalTests
{
    private const byte Alert = 21;

    // TLS 1.1 and nothing newer, a random of zeros, no session, one cipher suite, no compression, no extensions.
    private static readonly byte[] OldHello = [22, 3, 1, 0, 45, 1, 0, 0, 41, 3, 2, .. new byte[32], 0, 0, 2, 0xC0, 0x13, 1, 0];

    [Fact]
    public void WhoFailsAndStays_IsCounted_AndEnded()
    {
        using LocalEdge edge = new(maxClients: 2);
        EdgePortTable port = LocalEdge.Port(("*", false));
        Socket first = edge.Connect(port), second = edge.Connect(port);
        Fail(edge, first);
        Fail(edge, second);
        Assert.Equal((2, false), (edge.Loop.Arrivals.Count, edge.Loop.Edges.HasRoom));
        Socket third = edge.Connect(port);
        edge.RunUntil(() => third.Poll(0, SelectMode.SelectRead));
        Assert.Throws<SocketException>(() => third.Receive(new byte[1]));
        Assert.Equal(1, edge.Loop.Edges.Refused);

        // What it says now is for nobody, and keeps it no longer.
        first.Send(OldHello);
        edge.Pass(9);
        Assert.Equal(2, edge.Loop.Arrivals.Count);
        edge.Pass(2);
        Assert.Equal((0, true), (edge.Loop.Arrivals.Count, edge.Loop.Edges.HasRoom));
        Assert.Throws<SocketException>(() => second.Send(OldHello));
        Assert.Equal((2, 1), (edge.Loop.Edges.HandshakeFailures, edge.Loop.Edges.Refused));
    }

    [Fact]
    public void WhoFailsAndCloses_IsGoneAtOnce()
    {
        using LocalEdge edge = new(maxClients: 2);
        Socket client = edge.Connect(LocalEdge.Port(("*", false)));
        Fail(edge, client);
        Assert.Single(edge.Loop.Arrivals);
        client.Close();
        edge.RunUntil(() => edge.Loop.Arrivals.Count == 0);
        Assert.Equal((1, 0), (edge.Loop.Edges.HandshakeFailures, edge.Loop.Edges.Refused));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void WhatIsTolerated_IsNotToldToEndpoints(bool isKnown)
    {
        using X509Certificate2 known = LocalEdge.Certificate("CN=edge"), stranger = LocalEdge.Certificate("CN=admin");
        using LocalEdge edge = new(maxClients: 2);
        using SslStream stream = new(new NetworkStream(edge.Connect(LocalEdge.Port(known, tolerates: true, ("*", true)))), leaveInnerStreamOpen: false);
        Task done = stream.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = "edge.example.com",
            RemoteCertificateValidationCallback = static (_, shown, _, _) => shown?.Subject == "CN=edge",
            ClientCertificateContext = SslStreamCertificateContext.Create(isKnown ? known : stranger, null, offline: true),
        });
        edge.RunUntil(() => done.IsCompleted && edge.Loop.Plain.Count == 1);
        Assert.Equal(isKnown, edge.Loop.Plain.Single().Edge!.Client is not null);
    }

    // Until the client has read the alert and our end.
    private static void Fail(LocalEdge edge, Socket client)
    {
        client.Send(OldHello);
        List<byte> seen = [];
        byte[] buffer = new byte[64];
        edge.RunUntil(() =>
        {
            int count = client.Poll(0, SelectMode.SelectRead) ? client.Receive(buffer) : -1;
            seen.AddRange(buffer.AsSpan(0, Math.Max(0, count)));
            return count == 0;
        });
        Assert.Equal(Alert, seen[0]);
    }
}

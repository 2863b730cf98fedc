using Ambient.Mesh.Identities;
using Ambient.Tls.Handshakes;
using Ambient.Tls.Verification;

namespace Ambient.Tls.Tests;

/// <summary>Two handshakes that are fed from each other in memory.</summary>
internal sealed class HandshakePair(Handshake client, Handshake server) : IDisposable
{
    public const string ClientId = "spiffe://cluster.local/ns/default/sa/client";
    public const string ServerId = "spiffe://cluster.local/ns/default/sa/server";

    public Handshake Client { get; } = client;

    public Handshake Server { get; } = server;

    public static SpiffeId Id(string text) => SpiffeId.TryParse(text, out SpiffeId? id) ? id : throw new ArgumentException(text);

    public static PeerRequirement Expect(params string[] ids) => new PeerRequirement.AnyOf([.. ids.Select(Id)]);

    public static HandshakePair Make(TlsContext client, TlsContext server, PeerRequirement? expected = null, string domain = "cluster.local") =>
        new(Handshake.Client(client, expected ?? Expect(ServerId)), Handshake.Server(server, new PeerRequirement.SameTrustDomain(domain)));

    /// <summary>Turns both sides until neither has anything more to say; <paramref name="chunk"/> bytes at a time.</summary>
    public (HandshakeStatus Client, HandshakeStatus Server) Run(int chunk = int.MaxValue)
    {
        var toServer = new List<byte>();
        var toClient = new List<byte>();
        HandshakeStatus clientStatus = Step(Client, [], toServer, 0);
        HandshakeStatus serverStatus = HandshakeStatus.NeedInput;
        for (int turn = 0; turn < 100_000 && (toServer.Count > 0 || toClient.Count > 0); turn++)
        {
            int before = toServer.Count + toClient.Count;
            serverStatus = Step(Server, toServer, toClient, chunk);
            clientStatus = Step(Client, toClient, toServer, chunk);
            if (before == toServer.Count + toClient.Count)
            {
                chunk = chunk == int.MaxValue ? chunk : chunk + 1;
                if (turn > 20_000)
                {
                    break;
                }
            }

            if (clientStatus != HandshakeStatus.NeedInput && serverStatus != HandshakeStatus.NeedInput)
            {
                break;
            }
        }

        return (clientStatus, serverStatus);
    }

    public void Dispose()
    {
        Client.Dispose();
        Server.Dispose();
    }

    private static HandshakeStatus Step(Handshake side, List<byte> input, List<byte> output, int chunk)
    {
        HandshakeStatus status = side.Advance(input.Take(Math.Min(chunk, input.Count)).ToArray(), out int consumed);
        input.RemoveRange(0, consumed);
        output.AddRange(side.Output);
        side.AdvanceOutput(side.Output.Length);
        return status;
    }
}

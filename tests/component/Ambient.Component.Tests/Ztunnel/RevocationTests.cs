using System.Net.Sockets;
using System.Numerics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Ambient.Testing.Facts;
using Ambient.Topology.Networks;

namespace Ambient.Component.Tests.Ztunnel;

/// <summary>A revocation list that changes under living connections (ztunnel.md 2.11).</summary>
public sealed class RevocationTests
{
    [RequiresRootTheory("nft")]
    [InlineData("client")]
    [InlineData("server")]
    [Trait("behaviour", "ZT-192")]
    [Trait("behaviour", "ZT-193")]
    public async Task RevokedPeer_LosesItsLivingConnectionsAndGetsNoNewOnes(string revoked)
    {
        string directory = Directory.CreateTempSubdirectory("ambient-crl-").FullName;
        try
        {
            string list = Path.Combine(directory, "ca-crl.pem");
            await File.WriteAllTextAsync(list, "");
            await using MeshPair mesh = await MeshPair.StartWithAsync(("CRL_PATH", list));
            using Socket listener = MeshPair.Listen(mesh.Server);
            using Socket client = MeshPair.Connect(mesh.Client, MeshPair.Service);
            using Socket server = await MeshPair.AcceptAsync(listener);
            client.Send("x"u8);
            Assert.Equal(1, server.Receive(new byte[1]));

            BigInteger serial = await SerialAsync(mesh, revoked == "client" ? mesh.Client : mesh.Server);
            await File.WriteAllTextAsync(list + ".new", Revoke(mesh.Authority, serial));
            File.Move(list + ".new", list, overwrite: true);

            // Who holds the list and sees the revoked peer cuts; the other one hears of it.
            AssertEnded(client);
            AssertEnded(server);
            string line = await (revoked == "client" ? mesh.ServerProxy : mesh.ClientProxy).LineAsync("peer certificate revoked by CRL");
            Assert.Contains("connection complete", line, StringComparison.Ordinal);

            using Socket again = MeshPair.Connect(mesh.Client, MeshPair.Service);
            AssertEnded(again);
            (VirtualPod refusing, string reporter) = revoked == "client" ? (mesh.Server, "destination") : (mesh.Client, "source");
            string metrics = await mesh.GetAsync(refusing, 15020, "/metrics");
            Assert.Contains($"istio_crl_policy_rejections_total{{reporter=\"{reporter}\"}} 2", metrics, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    internal static void AssertEnded(Socket socket)
    {
        try
        {
            Assert.Equal(0, socket.Receive(new byte[1]));
        }
        catch (SocketException e)
        {
            Assert.Equal(SocketError.ConnectionReset, e.SocketErrorCode);
        }
    }

    internal static async Task<BigInteger> SerialAsync(MeshPair mesh, VirtualPod pod)
    {
        using JsonDocument dump = JsonDocument.Parse(await mesh.GetAsync(pod, 15000, "/config_dump"));
        JsonElement certificate = dump.RootElement.GetProperty("certificates").EnumerateArray().Single(c => c.GetProperty("identity").GetString()!.EndsWith("/sa/" + pod.Name, StringComparison.Ordinal));
        return BigInteger.Parse(certificate.GetProperty("certChain")[0].GetProperty("serialNumber").GetString()!, System.Globalization.CultureInfo.InvariantCulture);
    }

    internal static string Revoke(string authority, BigInteger serial)
    {
        string pem = File.ReadAllText(Path.Combine(authority, "root.pem"));
        using X509Certificate2 root = X509Certificate2.CreateFromPem(pem, pem);
        var builder = new CertificateRevocationListBuilder();
        builder.AddEntry(serial.ToByteArray(isUnsigned: true, isBigEndian: true));
        return PemEncoding.WriteString("X509 CRL", builder.Build(root, BigInteger.One, TimeProvider.System.GetUtcNow().AddDays(1), HashAlgorithmName.SHA256));
    }
}

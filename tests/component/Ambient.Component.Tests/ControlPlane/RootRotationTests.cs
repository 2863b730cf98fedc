using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Ambient.Component.Tests.Interop;
using Ambient.Component.Tests.Ztunnel;
using Ambient.Testing.Networks;
using Ambient.Testing.Facts;
using Ambient.Topology.Networks;

namespace Ambient.Component.Tests.ControlPlane;

/// <summary>A root is replaced by another of another key while control plane and proxies are replaced as well: real processes, and traffic all the time.</summary>
public sealed class RootRotationTests
{
    private const int Terminate = 15;
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(60);

    [RequiresToolFact("nft", root: true)]
    public async Task Root_IsReplaced_WhileEverythingRestarts_AndNoConnectionFails()
    {
        (string certificate, string key) old = Root("old"), next = Root("next");
        var plane = new RotatingPlane();
        await using MeshPair mesh = await MeshPair.StartSharedAsync(new MeshPlan
        {
            IsTwoNodes = true,
            Prepare = async pair =>
            {
                plane.Attach(pair);
                plane.Install(old, old.certificate);
                await plane.StartAsync();
                return new MeshPlan { IsTwoNodes = true, ClientSettings = plane.Connection(pair.Client.Node), ServerSettings = plane.Connection(pair.Server.Node) };
            },
        });
        using EchoServer echo = EchoServer.Start(mesh.Server, MeshPair.Port);
        await using SteadyTraffic traffic = SteadyTraffic.Start(mesh.Client, MeshPair.Service);
        await traffic.MoreAsync();
        ((string, string) Signer, string Roots)[] steps = [(old, old.certificate + next.certificate), (next, next.certificate + old.certificate), (next, next.certificate)];
        foreach (((string, string) signer, string roots) in steps)
        {
            await plane.StopAsync();
            await traffic.MoreAsync();
            plane.Install(signer, roots);
            await plane.StartAsync();
            await ReplaceAsync(mesh, mesh.ServerProxy, mesh.StartServerNodeProxy);
            await traffic.MoreAsync();
            await ReplaceAsync(mesh, mesh.ClientProxy, mesh.StartClientNodeProxy);
            await traffic.MoreAsync();
        }

        await traffic.StopAsync();
        foreach (VirtualNode node in mesh.Network.Nodes)
        {
            using JsonDocument dump = JsonDocument.Parse(await MeshPair.GetOnNodeAsync(node, 15000, "/config_dump"));
            int[] roots = [.. dump.RootElement.GetProperty("certificates").EnumerateArray().Select(certificate => certificate.GetProperty("rootCerts").GetArrayLength())];
            Assert.Equal([1], roots.Distinct());
        }
    }

    /// <summary>The last proxy goes on accepting until the next has the pods, because a connection is open that it must wait for.</summary>
    private static async Task ReplaceAsync(MeshPair mesh, Peer leaving, Action start)
    {
        using Socket elder = MeshPair.Connect(mesh.Client, MeshPair.Service);
        Assert.True(AppTalk.TryAsk(elder));
        leaving.Process.Signal(Terminate);
        await leaving.LineAsync("shutting down");
        start();
        await leaving.LineAsync("another ztunnel has the pods");
        Assert.True(AppTalk.TryAsk(elder));
        elder.Dispose();
        await leaving.Process.Exited.WaitAsync(Soon, TimeProvider.System);
        Assert.Equal(0, leaving.Process.ExitCode);
    }

    private static (string Certificate, string Key) Root(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=" + name, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        using X509Certificate2 certificate = request.CreateSelfSigned(now.AddHours(-1), now.AddDays(30));
        return (certificate.ExportCertificatePem() + "\n", key.ExportPkcs8PrivateKeyPem() + "\n");
    }
}

using System.Net.Sockets;
using System.Text.Json;
using Ambient.Component.Tests.ControlPlane;
using Ambient.Component.Tests.Interop;
using Ambient.Testing.Facts;
using Ambient.Testing.Waiting;
using Ambient.Topology.Networks;

namespace Ambient.Component.Tests.Ztunnel;

/// <summary>Certificates that are replaced under traffic, and an authority that does what it should not (ztunnel.md 6).</summary>
public sealed class CertificateFaultTests
{
    private const int Parallel = 6;
    private const int Rotations = 4;
    private const int Enough = 100;

    // Valid for seven seconds more, so that a busy machine does not let it expire before its successor is there.
    private static readonly (TimeSpan Total, TimeSpan Spent) DueInASecond = (TimeSpan.FromSeconds(12), TimeSpan.FromSeconds(5));

    [RequiresToolFact("nft", root: true)]
    public async Task Rotation_UnderTraffic_FailsNoConnection()
    {
        await using var authority = new ScriptedAuthority { Life = DueInASecond };
        await using MeshPair mesh = await MeshPair.StartAsync(authority.Plan());
        using EchoServer echo = EchoServer.Start(mesh.Server, MeshPair.Port);
        using Socket old = MeshPair.Connect(mesh.Client, MeshPair.Service);
        Assert.True(AppTalk.TryAsk(old));

        int asked = 0;
        await Task.WhenAll(Enumerable.Range(0, Parallel).Select(_ => Task.Run(() =>
        {
            while (authority.SerialsOf("client").Count <= Rotations || authority.SerialsOf("server").Count <= Rotations || Volatile.Read(ref asked) < Enough)
            {
                Assert.True(TryAsk(mesh), $"connection {asked} failed; {authority.SerialsOf("client").Count} and {authority.SerialsOf("server").Count} certificates were issued");
                Interlocked.Increment(ref asked);
            }
        })));

        // What began under the first certificate goes on.
        Assert.True(AppTalk.TryAsk(old));
        Assert.DoesNotContain("renewal failed", mesh.ClientProxy.Log + mesh.ServerProxy.Log, StringComparison.Ordinal);
        Assert.DoesNotContain("error=", mesh.ClientProxy.Log + mesh.ServerProxy.Log, StringComparison.Ordinal);
    }

    [RequiresToolFact("nft", root: true)]
    public async Task RootRotation_UnderTraffic_FailsNoConnection()
    {
        await using var authority = new ScriptedAuthority { Life = DueInASecond };
        await using MeshPair mesh = await MeshPair.StartAsync(authority.Plan());
        using EchoServer echo = EchoServer.Start(mesh.Server, MeshPair.Port);
        await using SteadyTraffic traffic = SteadyTraffic.Start(mesh.Client, MeshPair.Service);
        foreach (Action step in new Action[] { authority.TrustNewRoot, authority.SignWithNewRoot, authority.DistrustOldRoot })
        {
            // The second certificate of a pod is asked for when the first is in force.
            int[] issued = [authority.SerialsOf("client").Count, authority.SerialsOf("server").Count];
            step();
            await Eventually.TrueAsync(() => authority.SerialsOf("client").Count >= issued[0] + 3 && authority.SerialsOf("server").Count >= issued[1] + 3, TimeSpan.FromSeconds(20));
            await traffic.MoreAsync();
        }

        await traffic.StopAsync();
        using JsonDocument dump = JsonDocument.Parse(await mesh.GetAsync(mesh.Client, 15000, "/config_dump"));
        Assert.Equal(1, dump.RootElement.GetProperty("certificates").EnumerateArray().Single().GetProperty("rootCerts").GetArrayLength());
    }

    [RequiresRootTheory("nft")]
    [InlineData(nameof(AuthorityMood.Stalls), "the stream was reset with HTTP/2 error 2")]
    [InlineData(nameof(AuthorityMood.Refuses), "no certificates on Sundays")]
    [InlineData(nameof(AuthorityMood.IsGarbage), "the leaf certificate from the CA for {0} is not valid PEM")]
    [InlineData(nameof(AuthorityMood.SendsNothing), "chain returned from CA is empty for: {0}")]
    [InlineData(nameof(AuthorityMood.SendsExpired), "the certificate from the CA for {0} expired at ")]
    [InlineData(nameof(AuthorityMood.SendsEarly), "the certificate from the CA for {0} is not valid before ")]
    [InlineData(nameof(AuthorityMood.SendsForeignIdentity), "did not find expected SAN: {0}")]
    [InlineData(nameof(AuthorityMood.SendsWrongKey), "the certificate from the CA for {0} is for another key than the one that was sent")]
    public async Task BadAuthority_ValidCertificateStaysInForce_UntilAGoodOneComes(string mood, string reason)
    {
        // Valid for another minute, due for renewal in about a second.
        await using var authority = new ScriptedAuthority { Life = (TimeSpan.FromSeconds(120), TimeSpan.FromSeconds(59)) };
        await using MeshPair mesh = await MeshPair.StartAsync(authority.Plan());
        using EchoServer echo = EchoServer.Start(mesh.Server, MeshPair.Port);
        Assert.True(TryAsk(mesh));
        authority.Mood = Enum.Parse<AuthorityMood>(mood);
        int requests = authority.Requests;
        await Eventually.TrueAsync(() => authority.Requests >= requests + 2);
        Assert.True(TryAsk(mesh));
        if (authority.Mood == AuthorityMood.Stalls)
        {
            // Both requests hang; nothing waits for them. Cut, they are failures like others.
            authority.Mood = AuthorityMood.Refuses;
        }

        const string kept = "certificate renewal failed; the present one stays in use";
        string line = await mesh.ClientProxy.LineAsync(kept);
        Assert.Contains("spiffe://cluster.local/ns/bench/sa/client", line, StringComparison.Ordinal);
        Assert.True(line.Contains(string.Format(System.Globalization.CultureInfo.InvariantCulture, reason, "spiffe://cluster.local/ns/bench/sa/client"), StringComparison.Ordinal), line);
        await mesh.ServerProxy.LineAsync(kept);
        foreach (VirtualPod pod in new[] { mesh.Client, mesh.Server })
        {
            Assert.Equal(authority.SerialsOf(pod.Name)[^1], await SerialAsync(mesh, pod));
        }

        Assert.True(TryAsk(mesh));
        int[] before = [authority.SerialsOf("client").Count, authority.SerialsOf("server").Count];
        authority.Life = (TimeSpan.FromHours(1), TimeSpan.Zero);
        authority.Mood = AuthorityMood.IsGood;
        await Eventually.TrueAsync(() => authority.SerialsOf("client").Count > before[0] && authority.SerialsOf("server").Count > before[1]);
        foreach (VirtualPod pod in new[] { mesh.Client, mesh.Server })
        {
            await Eventually.TrueAsync(async () => await SerialAsync(mesh, pod) == authority.SerialsOf(pod.Name)[^1]);
        }

        Assert.True(TryAsk(mesh));
    }

    [RequiresToolFact("nft", root: true)]
    public async Task NoCertificateLeft_RefusesWithTheReason_AndComesBackWithTheAuthority()
    {
        await using var authority = new ScriptedAuthority { Mood = AuthorityMood.SendsWrongKey };
        await using MeshPair mesh = await MeshPair.StartAsync(authority.Plan());
        using EchoServer echo = EchoServer.Start(mesh.Server, MeshPair.Port);
        Assert.False(TryAsk(mesh));
        Assert.Contains("is for another key", await mesh.ClientProxy.LineAsync("identity error"), StringComparison.Ordinal);

        // One that lives for two seconds, and then no other.
        authority.Life = (TimeSpan.FromSeconds(4), TimeSpan.FromSeconds(1));
        authority.Mood = AuthorityMood.IsGood;
        await Eventually.TrueAsync(() => TryAsk(mesh));
        authority.Mood = AuthorityMood.Refuses;
        await Eventually.TrueAsync(() => !TryAsk(mesh));
        await Eventually.TrueAsync(() => mesh.ClientProxy.Log.Contains("no certificates on Sundays", StringComparison.Ordinal));
        authority.Mood = AuthorityMood.IsGood;
        await Eventually.TrueAsync(() => TryAsk(mesh));
    }

    private static async Task<string> SerialAsync(MeshPair mesh, VirtualPod pod)
    {
        using JsonDocument dump = JsonDocument.Parse(await mesh.GetAsync(pod, 15000, "/config_dump"));
        JsonElement certificate = dump.RootElement.GetProperty("certificates").EnumerateArray().Single(c => c.GetProperty("identity").GetString()!.EndsWith("/sa/" + pod.Name, StringComparison.Ordinal));
        return certificate.GetProperty("certChain")[0].GetProperty("serialNumber").GetString()!;
    }

    private static bool TryAsk(MeshPair mesh) => AppTalk.TryAsk(mesh.Client, MeshPair.Service);
}

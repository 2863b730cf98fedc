using System.Diagnostics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ambient.Identity.Certificates;
using Ambient.Identity.Trust;
using Ambient.Mesh.Identities;
using Ambient.Tls.Handshakes;
using Ambient.Tls.Records;
using Ambient.Tls.Verification;

namespace Ambient.Benchmarks.Micro;

/// <summary>TLS on one core and in memory: handshakes per second, records in GB/s, bytes per connection. Each returns after about two seconds.</summary>
internal static unsafe class TlsMicro
{
    private const string TlsIdle = "tls-memory-idle";

    private static readonly TimeSpan Span = TimeSpan.FromSeconds(2);

    /// <summary>Runs <c>handshakes</c>, <c>records</c>, <c>tls-memory</c> or <c>tls-memory-idle</c> (each memory figure wants a process of its own); false when the name is none of them.</summary>
    public static bool TryRun(string name, TextWriter output)
    {
        switch (name)
        {
            case "handshakes":
                output.WriteLine($"{TlsContext.LibraryVersion}");
                output.WriteLine($"one identity:        {Handshakes(1):F0} mutual handshakes/s (both sides)");
                output.WriteLine($"64 identities:       {Handshakes(64):F0} mutual handshakes/s (both sides)");
                return true;
            case "records":
                foreach (CipherSuite suite in new[] { CipherSuite.Aes128Gcm, CipherSuite.Aes256Gcm, CipherSuite.ChaCha20Poly1305 })
                {
                    output.WriteLine($"{suite}: {Records(suite, 16384)}; {Records(suite, 100)}");
                }

                return true;
            case "tls-memory" or TlsIdle:
                output.WriteLine($"{Memory(idle: name == TlsIdle):F0} bytes of resident memory per connection");
                return true;
            default:
                return false;
        }
    }

    private static double Handshakes(int identities)
    {
        using ECDsa rootKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var rootRequest = new CertificateRequest("CN=root", rootKey, HashAlgorithmName.SHA256);
        rootRequest.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        using X509Certificate2 root = rootRequest.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        var contexts = new TlsContext[identities];
        for (int i = 0; i < identities; i++)
        {
            contexts[i] = TlsContext.Create(Issue(root, $"spiffe://cluster.local/ns/bench/sa/w{i}"), new TlsSettings());
        }

        PeerRequirement server = new PeerRequirement.AnyOf([contexts[0].Certificate.Identity]);
        PeerRequirement client = new PeerRequirement.SameTrustDomain("cluster.local");
        long done = 0;
        for (int i = 0; i < 200; i++)
        {
            Once(contexts[i % identities], contexts[0], server, client);
        }

        long start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start) < Span)
        {
            Once(contexts[done % identities], contexts[0], server, client);
            done++;
        }

        return done / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static void Once(TlsContext clientContext, TlsContext serverContext, PeerRequirement expectedServer, PeerRequirement expectedClient)
    {
        using Handshake client = Handshake.Client(clientContext, expectedServer);
        using Handshake server = Handshake.Server(serverContext, expectedClient);
        client.Advance([], out _);
        server.Advance(client.Output, out _);
        client.AdvanceOutput(client.Output.Length);
        client.Advance(server.Output, out _);
        server.AdvanceOutput(server.Output.Length);
        if (server.Advance(client.Output, out _) != HandshakeStatus.Completed)
        {
            throw new InvalidOperationException(client.Failure?.Text ?? server.Failure?.Text ?? "the handshake did not complete");
        }

        client.TakeRecordLayer().Dispose();
        server.TakeRecordLayer().Dispose();
    }

    private static WorkloadCertificate Issue(X509Certificate2 root, string identity)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddUri(new Uri(identity));
        request.CertificateExtensions.Add(names.Build(critical: true));
        using X509Certificate2 leaf = request.Create(root, root.NotBefore, root.NotAfter, RandomNumberGenerator.GetBytes(8));
        return SpiffeId.TryParse(identity, out SpiffeId? id)
            ? Make(id, leaf.RawData, key.ExportPkcs8PrivateKey(), new TrustBundle([root.RawData]))
            : throw new InvalidOperationException(identity);
    }

    private static WorkloadCertificate Make(SpiffeId id, byte[] leaf, byte[] key, TrustBundle trust) =>
        new() { Identity = id, LeafDer = leaf, IntermediatesDer = [], PrivateKeyPkcs8 = key, Trust = trust };

    private static (RecordLayer Client, RecordLayer Server) Layers(CipherSuite suite)
    {
        byte[] one = RandomNumberGenerator.GetBytes(suite == CipherSuite.Aes256Gcm ? 48 : 32);
        byte[] two = RandomNumberGenerator.GetBytes(one.Length);
        return (RecordLayer.Import(State(suite, true, one, two)), RecordLayer.Import(State(suite, false, two, one)));
    }

    private static TrafficState State(CipherSuite suite, bool isClient, byte[] write, byte[] read) =>
        new() { CipherSuite = suite, IsClient = isClient, WriteSecret = [.. write], ReadSecret = [.. read] };

    private static string Records(CipherSuite suite, int size)
    {
        var (a, b) = Layers(suite);
        byte[] buffer = GC.AllocateUninitializedArray<byte>(RecordLayer.MaxRecord, pinned: true);
        double seal = 0;
        double open = 0;
        long count = 0;
        fixed (byte* record = buffer)
        {
            for (long start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start) < Span / 2;)
            {
                for (int i = 0; i < 64; i++)
                {
                    long t0 = Stopwatch.GetTimestamp();
                    int length = a.Seal(record, size);
                    long t1 = Stopwatch.GetTimestamp();
                    b.Open(record, length);
                    open += Stopwatch.GetElapsedTime(t1).TotalSeconds;
                    seal += Stopwatch.GetElapsedTime(t0, t1).TotalSeconds;
                    count++;
                }
            }
        }

        a.Dispose();
        b.Dispose();
        return $"{size} B: seal {count * size / seal / 1e9:F2} GB/s ({seal / count * 1e9:F0} ns), open {count * size / open / 1e9:F2} GB/s ({open / count * 1e9:F0} ns)";
    }

    private static double Memory(bool idle)
    {
        const int count = 10_000;
        var kept = new RecordLayer[4 * count];

        // The first half warms heaps up, which then grow by what connections need and by nothing else.
        Fill(kept.AsSpan(0, 2 * count), idle);
        long before = Resident();
        Fill(kept.AsSpan(2 * count), idle);
        double each = (Resident() - before) / (2.0 * count);
        Array.ForEach(kept, layer => layer.Dispose());
        return each;
    }

    private static void Fill(Span<RecordLayer> kept, bool idle)
    {
        byte[] buffer = GC.AllocateUninitializedArray<byte>(256, pinned: true);
        fixed (byte* record = buffer)
        {
            for (int i = 0; i < kept.Length; i += 2)
            {
                var (a, b) = Layers(CipherSuite.Aes128Gcm);
                b.Open(record, a.Seal(record, 100));
                a.Open(record, b.Seal(record, 100));
                kept[i] = a;
                kept[i + 1] = b;
                if (idle)
                {
                    a.ReleaseIdleMemory();
                    b.ReleaseIdleMemory();
                }
            }
        }
    }

    private static long Resident()
    {
        GC.Collect();
        using var process = Process.GetCurrentProcess();
        return process.WorkingSet64;
    }
}

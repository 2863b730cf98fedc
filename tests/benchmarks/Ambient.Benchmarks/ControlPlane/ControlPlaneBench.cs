using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ambient.ControlPlane.Authority.Requests;
using Ambient.ControlPlane.Authority.Roots;
using Ambient.ControlPlane.Authority.Signing;
using Ambient.Identity.Issuing;
using Ambient.Identity.Keys;
using Ambient.Mesh.Identities;

namespace Ambient.Benchmarks.ControlPlane;

/// <summary>
/// What the control plane costs: from JSON to all in the store, one changed pod to the responses of 500 wildcard clients, certificates. In one process
/// and without sockets, so that it says what we compute and not what the machine's network does.
/// </summary>
internal static class ControlPlaneBench
{
    private const int WarmUp = 3000;
    private const int Turn = 50;

    /// <summary>Measures and prints a table.</summary>
    public static async Task<int> RunAsync(ControlPlaneOptions options)
    {
        Console.WriteLine("| | |\n|---|---|");
        await ChangesAsync(options);
        if (!options.ChangesOnly)
        {
            int threads = Math.Min(2, Environment.ProcessorCount);
            Certificates(threads, "P-256", static now => SelfSignedRoot.CreatePem("cluster.local", now, SelfSignedRoot.DefaultLifetime));
            Certificates(threads, "RSA 2048", RsaRoot);
        }

        return 0;
    }

    private static void Print(string what, string value) => Console.WriteLine($"| {what} | {value} |");

    /// <summary>
    /// The small cluster alone, then both in turns: what the machine does meanwhile, and how far the code is compiled, is the same for both. The first rounds do not count.
    /// </summary>
    private static async Task ChangesAsync(ControlPlaneOptions options)
    {
        MeasuredMesh small = await MeasuredMesh.MakeAsync(1000, 100, Print);
        var alone = new CostOfChanges();
        small.Change(WarmUp, new CostOfChanges());
        small.Change(options.Changes, alone);
        alone.Print(Print, $"{small.Size}, alone");

        MeasuredMesh large = await MeasuredMesh.MakeAsync(options.Pods, options.Services, Print);
        large.Change(WarmUp, new CostOfChanges());
        var ofSmall = new CostOfChanges();
        var ofLarge = new CostOfChanges();
        for (int done = 0; done < options.Changes; done += Turn)
        {
            small.Change(Turn, ofSmall);
            large.Change(Turn, ofLarge);
        }

        ofSmall.Print(Print, $"{small.Size}, in turns");
        ofLarge.Print(Print, $"{large.Size}, in turns");
        Print("one changed pod, large against small, in turns: to the store; to all clients", $"{ofLarge.ToStore / ofSmall.ToStore:0.00}×; {ofLarge.ToClients / ofSmall.ToClients:0.00}×");
        Print("one changed pod, large against small alone: to the store; to all clients", $"{ofLarge.ToStore / alone.ToStore:0.00}×; {ofLarge.ToClients / alone.ToClients:0.00}×");
    }

    /// <summary>Istio's own roots, and many that operators plug in, are RSA.</summary>
    private static string RsaRoot(DateTimeOffset now)
    {
        using RSA key = RSA.Create(2048);
        var request = new CertificateRequest("O=cluster.local", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        using X509Certificate2 root = request.CreateSelfSigned(now - TimeSpan.FromMinutes(2), now + SelfSignedRoot.DefaultLifetime);
        return root.ExportCertificatePem() + "\n" + key.ExportPkcs8PrivateKeyPem() + "\n";
    }

    private static void Certificates(int threads, string kind, Func<DateTimeOffset, string> makeRoot)
    {
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        if (!SelfSignedRoot.TryParse(makeRoot(now), out SelfSignedRoot? root, out string? error)
            || !root.TryMakeAuthority(null, now, out SigningAuthority? authority, out error))
        {
            throw new InvalidOperationException(error);
        }

        string[] requests = [.. Enumerable.Range(0, 64).Select(static i =>
        {
            using WorkloadKey key = WorkloadKey.Create();
            return CertificateRequestBuilder.BuildPem(new SpiffeId("cluster.local", "ns", "app-" + i), key);
        })];
        const int Seconds = 5;
        long made = 0;
        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(Seconds));
        Thread[] working = [.. Enumerable.Range(0, threads).Select(number => new Thread(() =>
        {
            for (int i = number; !stop.IsCancellationRequested; i++)
            {
                if (!SigningRequest.TryParse(requests[i % requests.Length], out SigningRequest? request, out string? wrong)
                    || !authority.TryIssue(new IssueRequest(request, [new SpiffeId("cluster.local", "ns", "app")], TimeSpan.FromHours(24)), now, out _, out wrong))
                {
                    throw new InvalidOperationException(wrong);
                }

                Interlocked.Increment(ref made);
            }
        }))];
        TimeSpan used = Process.GetCurrentProcess().TotalProcessorTime;
        long began = Stopwatch.GetTimestamp();
        Array.ForEach(working, static thread => thread.Start());
        Array.ForEach(working, static thread => thread.Join());
        double elapsed = Stopwatch.GetElapsedTime(began).TotalSeconds, cpu = (Process.GetCurrentProcess().TotalProcessorTime - used).TotalSeconds;
        Print($"certificates, {threads} threads: request read, checked, signed with {kind}", string.Create(CultureInfo.InvariantCulture, $"{made / elapsed:0}/s, {cpu / made * 1e6:0} µs of CPU each"));
        root.Dispose();
        authority.Dispose();
    }
}

using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ambient.Grpc.Framing;
using Ambient.Grpc.Server;
using Ambient.Testing.Facts;
using Google.Protobuf.WellKnownTypes;

namespace Ambient.Component.Tests.ControlPlane;

/// <summary>Our gRPC server against an independent client.</summary>
public sealed class GrpcJsClientTests
{
    private const string Service = "/test.Echo/";

    [RequiresToolFact("node, npm")]
    public async Task Calls_OfAForeignClient_AreAnswered()
    {
        string modules = await GrpcJs.EnsureAsync();
        DirectoryInfo work = Directory.CreateTempSubdirectory("ambient-calls-");
        try
        {
            using X509Certificate2 root = WritePeers(work, out X509Certificate2 serverCertificate, out string clientThumbprint);
            SslStreamCertificateContext context = SslStreamCertificateContext.Create(serverCertificate, null, offline: true);
            var options = new GrpcServerOptions
            {
                Address = new IPEndPoint(IPAddress.Loopback, 0),
                Certificate = () => context,
                ClientCertificate = (leaf, _) => leaf.Thumbprint == clientThumbprint,
            };
            await using GrpcServer server = await GrpcServer.StartAsync(options, Methods(), TimeProvider.System, CancellationToken.None);

            string[] lines = await GrpcJs.RunScriptAsync(modules, "calls.js", server.Address.Port.ToString(CultureInfo.InvariantCulture), work.FullName);

            Assert.Equal(
                [
                    "unary hello own none",
                    "refused 7 not you ✗",
                    "missing 12 this server has no such method",
                    "slow 4",
                    "large 8 a message has 102 bytes, allowed are 64",
                    $"certificate hello own {clientThumbprint}",
                    "streams 20 8000000 0",
                    "many 50",
                ],
                lines.Select(line => line.StartsWith("slow 4 ", StringComparison.Ordinal) ? "slow 4" : line));
        }
        finally
        {
            work.Delete(recursive: true);
        }
    }

    private static GrpcMethod[] Methods() =>
    [
        GrpcMethod.Unary(Service + "Unary", StringValue.Parser, 64, (request, call) => request.Value == "no"
            ? throw new GrpcException(GrpcCode.PermissionDenied, "not you ✗")
            : Task.FromResult(new StringValue { Value = $"{request.Value} {call.Header("x-own").Single()} {call.ClientCertificate?.Thumbprint ?? "none"}" })),
        GrpcMethod.Streams(Service + "Slow", call => Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, call.Aborted)),
        GrpcMethod.Streams(Service + "Streams", async call =>
        {
            while (await call.ReadAsync(BytesValue.Parser, call.Aborted) is { } message)
            {
                await call.SendAsync(message, call.Aborted);
            }
        }),
    ];

    private static X509Certificate2 WritePeers(DirectoryInfo work, out X509Certificate2 server, out string clientThumbprint)
    {
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        using ECDsa rootKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=root", rootKey, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        X509Certificate2 root = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        File.WriteAllText(Path.Combine(work.FullName, "root.pem"), root.ExportCertificatePem());
        server = Issue(root, "localhost", out _);
        using X509Certificate2 client = Issue(root, "client", out string key);
        File.WriteAllText(Path.Combine(work.FullName, "client.pem"), client.ExportCertificatePem());
        File.WriteAllText(Path.Combine(work.FullName, "client.key"), key);
        clientThumbprint = client.Thumbprint;
        return root;
    }

    private static X509Certificate2 Issue(X509Certificate2 root, string name, out string keyPem)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        keyPem = key.ExportPkcs8PrivateKeyPem();
        var request = new CertificateRequest("CN=" + name, key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        request.CertificateExtensions.Add(names.Build());
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        using X509Certificate2 leaf = request.Create(root, now.AddHours(-1), now.AddHours(1), RandomNumberGenerator.GetBytes(8));
        return leaf.CopyWithPrivateKey(key);
    }
}

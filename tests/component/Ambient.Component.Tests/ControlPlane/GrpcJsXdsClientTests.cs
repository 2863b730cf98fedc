using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ambient.Grpc.Framing;
using Ambient.Grpc.Server;
using Ambient.Mesh.Identities;
using Ambient.Testing.Facts;
using Ambient.Xds.Server.Resources;
using Ambient.Xds.Server.Serving;
using Google.Protobuf.WellKnownTypes;

namespace Ambient.Component.Tests.ControlPlane;

/// <summary>Our xDS server against an independent gRPC implementation.</summary>
public sealed class GrpcJsXdsClientTests
{
    private const string AddressType = "type.googleapis.com/istio.workload.Address";

    [RequiresToolFact("node, npm")]
    public async Task ForeignClient_GetsTheState_AndNothingAgain()
    {
        string modules = await GrpcJs.EnsureAsync();
        DirectoryInfo work = Directory.CreateTempSubdirectory("ambient-xds-");
        try
        {
            var store = new ResourceStore([AddressType]);
            store.Apply(new[] { "w1", "w2" }.Select(name => new ResourceChange(AddressType, name, new ResourceContent { Message = new StringValue { Value = name } })));
            using X509Certificate2 certificate = MakeCertificate(work);
            SslStreamCertificateContext context = SslStreamCertificateContext.Create(certificate, null, offline: true);
            await using var xds = new XdsServer(store, new XdsServerOptions { Authenticate = Authenticate }, TimeProvider.System);
            var options = new GrpcServerOptions { Address = new IPEndPoint(IPAddress.Loopback, 0), Certificate = () => context };
            await using GrpcServer server = await GrpcServer.StartAsync(options, [xds.Method], TimeProvider.System, CancellationToken.None);
            xds.Start();

            string protocol = Path.Combine(AppContext.BaseDirectory, "ControlPlane", "protocol");
            string port = server.Address.Port.ToString(CultureInfo.InvariantCulture);
            string[] lines = await GrpcJs.RunScriptAsync(modules, "xds-client.js", protocol, port, Path.Combine(work.FullName, "root.pem"));

            Assert.Equal(["first w1,w2 0", "again  0", "stale w1 -gone 0", "stranger 16 who are you"], lines);
        }
        finally
        {
            work.Delete(recursive: true);
        }
    }

    private static ValueTask<XdsCaller> Authenticate(GrpcServerCall call, CancellationToken cancellation) => call.Header("authorization") is ["Bearer good"]
        ? ValueTask.FromResult(new XdsCaller([new SpiffeId("cluster.local", "istio-system", "ztunnel")]))
        : throw new GrpcException(GrpcCode.Unauthenticated, "who are you");

    private static X509Certificate2 MakeCertificate(DirectoryInfo work)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        X509Certificate2 certificate = request.CreateSelfSigned(now.AddHours(-1), now.AddHours(1));
        File.WriteAllText(Path.Combine(work.FullName, "root.pem"), certificate.ExportCertificatePem());
        return certificate;
    }
}

using Ambient.Identity.Client;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ambient.Grpc.Client;
using Ambient.Grpc.Framing;
using Ambient.Grpc.Tests.Servers;
using Ambient.Identity.Certificates;
using Ambient.Identity.Issuing;
using Ambient.Identity.Keys;
using Ambient.Mesh.Identities;
using Ambient.Protocol.Istio.Auth;
using Microsoft.AspNetCore.Http;

namespace Ambient.Ztunnel.Tests.Certificates;

public sealed class IstioCertificateClientTests
{
    private static readonly SpiffeId Identity = new("cluster.local", "shop", "cart");
    private readonly ECDsa _rootKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly X509Certificate2 _root;

    public IstioCertificateClientTests()
    {
        var request = new CertificateRequest("CN=mesh root", _rootKey, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        _root = request.CreateSelfSigned(TimeProvider.System.GetUtcNow().AddDays(-1), TimeProvider.System.GetUtcNow().AddDays(9));
    }

    [Fact]
    public async Task Request_AndAnswer()
    {
        IstioCertificateRequest? seen = null;
        string headers = "";
        await using TestServer server = await CaAsync((context, request) =>
        {
            seen = request;
            headers = $"{context.Request.Path} {context.Request.Headers.Authorization} {context.Request.Headers["clusterid"]} {context.Request.Headers["x-extra"]}";
            return [Sign(request.Csr), _root.ExportCertificatePem()];
        });
        string token = Path.GetTempFileName();
        await File.WriteAllTextAsync(token, "secret-token\n");
        var callHeaders = new CallHeaders(new TokenSource(token, null), "c1", [KeyValuePair.Create("x-extra", "1")]);
        using var client = Client(server, options => options with { Impersonates = true, Validity = TimeSpan.FromHours(2) }, channel => channel with { Headers = callHeaders.ReadAsync });

        WorkloadCertificate certificate = await client.IssueAsync(Identity, CancellationToken.None);

        Assert.Equal(Identity, certificate.Identity);
        Assert.Equal([_root.RawData], certificate.Trust.RootsDer.Select(der => der.ToArray()));
        Assert.Equal("/istio.v1.auth.IstioCertificateService/CreateCertificate Bearer secret-token c1 1", headers);
        Assert.Equal((7200L, Identity.ToString()), (seen!.ValidityDuration, seen.Metadata.Fields["ImpersonatedIdentity"].StringValue));
        File.Delete(token);
    }

    [Fact]
    public async Task DedicatedProxy_NamesNobody()
    {
        IstioCertificateRequest? seen = null;
        await using TestServer server = await CaAsync((_, request) =>
        {
            seen = request;
            return [Sign(request.Csr), _root.ExportCertificatePem()];
        });
        using IstioCertificateClient client = Client(server);

        await client.IssueAsync(Identity, CancellationToken.None);

        Assert.Null(seen!.Metadata);
    }

    [Fact]
    public async Task AuthorityThatRefuses_IsToldWithItsWords()
    {
        await using TestServer server = await TestServer.StartAsync(async context =>
        {
            await TestServer.BeginAsync(context);
            TestServer.End(context, 7, "not%20on%20this%20node");
        });
        using IstioCertificateClient client = Client(server);

        Assert.Contains("PermissionDenied: not on this node", await ErrorAsync(client), StringComparison.Ordinal);
    }

    [Fact]
    public async Task AuthorityThatStalls_IsGivenUp()
    {
        await using TestServer server = await TestServer.StartAsync(context => Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted));
        using IstioCertificateClient client = Client(server, options => options with { CallLimit = TimeSpan.FromMilliseconds(300) });

        Assert.Contains("DeadlineExceeded: no answer within 0.3 s", await ErrorAsync(client), StringComparison.Ordinal);
    }

    [Fact]
    public async Task WrongKey_IsRefused()
    {
        using WorkloadKey other = WorkloadKey.Create();
        await using TestServer server = await CaAsync((_, _) => [Sign(CertificateRequestBuilder.BuildPem(Identity, other)), _root.ExportCertificatePem()]);
        using IstioCertificateClient client = Client(server);

        Assert.Contains("another key", await ErrorAsync(client), StringComparison.Ordinal);
    }

    [Fact]
    public async Task WrongIdentity_IsRefused()
    {
        await using TestServer server = await CaAsync((_, request) => [Sign(request.Csr, "spiffe://cluster.local/ns/shop/sa/thief"), _root.ExportCertificatePem()]);
        using IstioCertificateClient client = Client(server);

        Assert.Contains("did not find expected SAN: " + Identity, await ErrorAsync(client), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ExpiredCertificate_IsRefused()
    {
        await using TestServer server = await CaAsync((_, request) => [Sign(request.Csr, life: TimeSpan.FromHours(-1)), _root.ExportCertificatePem()]);
        using IstioCertificateClient client = Client(server);

        Assert.Contains("expired at", await ErrorAsync(client), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(new string[0], "chain returned from CA is empty")]
    [InlineData(new[] { "garbage" }, "no root certificate present")]
    [InlineData(new[] { "garbage", "more" }, "not valid PEM")]
    public async Task Garbage_IsRefused(string[] chain, string reason)
    {
        await using TestServer server = await CaAsync((_, _) => chain);
        using IstioCertificateClient client = Client(server);

        Assert.Contains(reason, await ErrorAsync(client), StringComparison.Ordinal);
    }

    [Fact]
    public async Task EmptyTokenFile_IsAnError_ThatNamesTheFile()
    {
        await using TestServer server = await CaAsync((_, request) => [Sign(request.Csr), _root.ExportCertificatePem()]);
        string token = Path.GetTempFileName();
        using var client = Client(server, null, channel => channel with { Headers = new CallHeaders(new TokenSource(token, null), "c", []).ReadAsync });

        Assert.Contains($"the token file {token} is empty", await ErrorAsync(client), StringComparison.Ordinal);
        File.Delete(token);
        Assert.Contains($"the token file {token} cannot be read", await ErrorAsync(client), StringComparison.Ordinal);
    }

    [Fact]
    [Trait("behaviour", "ZT-175")]
    public async Task ChangedRootFile_IsUsedForTheNextRequest_ABrokenOneNot()
    {
        await using TestServer server = await CaAsync((_, request) => [Sign(request.Csr), _root.ExportCertificatePem()]);
        string file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, new ServerCertificate("other").RootPem);
        ServerRoots roots = ServerRoots.FromFile(file);
        var broken = new List<string>();
        using var client = Client(server, options => options with { OnRootsBroken = broken.Add }, channel => channel with { Roots = roots });
        Assert.Contains("does not chain", await ErrorAsync(client), StringComparison.Ordinal);

        await File.WriteAllTextAsync(file, server.Certificate.RootPem);
        roots.MarkChanged();
        await client.IssueAsync(Identity, CancellationToken.None);
        await File.WriteAllTextAsync(file, "nothing");
        roots.MarkChanged();
        await client.IssueAsync(Identity, CancellationToken.None);
        await client.IssueAsync(Identity, CancellationToken.None);

        Assert.Equal(2, broken.Count);
        File.Delete(file);
    }

    private static async Task<string> ErrorAsync(IstioCertificateClient client) =>
        (await Assert.ThrowsAsync<IssueException>(() => client.IssueAsync(Identity, CancellationToken.None))).Message;

    private static IstioCertificateClient Client(
        TestServer server, Func<IstioCertificateOptions, IstioCertificateOptions>? change = null, Func<GrpcChannelOptions, GrpcChannelOptions>? changeChannel = null)
    {
        var options = new IstioCertificateOptions { Channel = server.Options(changeChannel) };
        return new IstioCertificateClient(change is null ? options : change(options), TimeProvider.System);
    }

    private static Task<TestServer> CaAsync(Func<HttpContext, IstioCertificateRequest, IEnumerable<string>> answer) => TestServer.StartAsync(async context =>
    {
        IstioCertificateRequest? request = await new MessageReader(context.Request.Body, 100_000).ReadAsync(IstioCertificateRequest.Parser, CancellationToken.None);
        var response = new IstioCertificateResponse();
        response.CertChain.AddRange(answer(context, request!));
        await TestServer.BeginAsync(context);
        await TestServer.SendAsync(context, response);
        TestServer.End(context);
    });

    private string Sign(string csr, string? uri = null, TimeSpan? life = null)
    {
        CertificateRequest asked = CertificateRequest.LoadSigningRequestPem(csr, HashAlgorithmName.SHA256, CertificateRequestLoadOptions.UnsafeLoadCertificateExtensions);
        var request = new CertificateRequest(new X500DistinguishedName("O=mesh"), asked.PublicKey, HashAlgorithmName.SHA256);
        if (uri is null)
        {
            request.CertificateExtensions.Add(asked.CertificateExtensions.Single());
        }
        else
        {
            var names = new SubjectAlternativeNameBuilder();
            names.AddUri(new Uri(uri));
            request.CertificateExtensions.Add(names.Build());
        }

        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        using X509Certificate2 leaf = request.Create(
            _root.SubjectName, X509SignatureGenerator.CreateForECDsa(_rootKey), now.AddHours(-2), now + (life ?? TimeSpan.FromHours(1)), [1, 2, 3]);
        return leaf.ExportCertificatePem();
    }
}

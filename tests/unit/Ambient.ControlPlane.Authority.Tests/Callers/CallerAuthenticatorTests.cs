using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ambient.ControlPlane.Authority.Callers;
using Ambient.Grpc.Framing;

namespace Ambient.ControlPlane.Authority.Tests.Callers;

public sealed class CallerAuthenticatorTests
{
    private static readonly TokenReview Good = new() { IsAuthenticated = true, Username = "system:serviceaccount:shop:cart", Groups = ["system:serviceaccounts"] };

    [Fact]
    [Trait("behaviour", "CP-194")]
    public async Task Tokens_AreJudged()
    {
        Assert.Equal(Make.Cart, (await CallAsync(Good)).Identities.Single());
        Assert.Equal(new PodBinding("p", "u"), (await CallAsync(Good with { Pod = new PodBinding("p", "u") })).Pod);
        Assert.Contains("could not judge the token: down", await RefusalAsync(Good with { Error = "down" }), StringComparison.Ordinal);
        Assert.Contains("does not accept the token", await RefusalAsync(Good with { IsAuthenticated = false }), StringComparison.Ordinal);
        Assert.Contains("not a service account's", await RefusalAsync(Good with { Groups = ["system:masters"] }), StringComparison.Ordinal);
        foreach (string user in new[] { "cart", "system:serviceaccount:shop", "system:serviceaccount:shop:cart:x", "system:serviceaccount::cart", "system:node:shop:cart", "system:serviceaccount:a/b:c" })
        {
            Assert.Contains("not of the form", await RefusalAsync(Good with { Username = user }), StringComparison.Ordinal);
        }
    }

    /// <summary>A server that is away says nothing about who calls, and the caller hears nothing of the server.</summary>
    [Fact]
    public async Task TokenThatCannotBeJudgedForNow_IsNoStrangers()
    {
        GrpcException soon = await Assert.ThrowsAsync<GrpcException>(() => CallAsync(new TokenReview { Error = "10.0.0.1: no route", IsTransient = true }));
        Assert.Equal((GrpcCode.Unavailable, "the cluster c1 cannot judge tokens at this moment; ask again"), (soon.Code, soon.Detail));
    }

    [Fact]
    public async Task Clusters_AreKnownOrRefused()
    {
        var reviewer = new Reviewer(Good);
        var authenticator = new CallerAuthenticator(reviewer, "cluster.local");

        Assert.Equal("c1", (await authenticator.AuthenticateAsync(null, ["Bearer t"], [], default)).Cluster);
        Assert.Equal("c1", (await authenticator.AuthenticateAsync(null, ["Bearer t"], [""], default)).Cluster);
        Assert.Equal("c2", (await authenticator.AuthenticateAsync(null, ["Basic x", "Bearer t"], ["c2"], default)).Cluster);
        Assert.Equal(["c1", "c1", "c2"], reviewer.Asked);
        GrpcException unknown = await Assert.ThrowsAsync<GrpcException>(async () => await authenticator.AuthenticateAsync(null, ["Bearer t"], ["c9"], default));
        Assert.Equal("the cluster c9 is not known; known are c1, c2", unknown.Detail);
        GrpcException soon = await Assert.ThrowsAsync<GrpcException>(async () => await authenticator.AuthenticateAsync(null, ["Bearer t"], ["c3"], default));
        Assert.Equal((GrpcCode.Unavailable, "the cluster c3 is not known yet; ask again"), (soon.Code, soon.Detail));
        foreach (string[] none in new string[][] { [], ["Basic x"], ["Bearer "], ["Bearer " + new string('x', 20_000)] })
        {
            GrpcException error = await Assert.ThrowsAsync<GrpcException>(async () => await authenticator.AuthenticateAsync(null, none, [], default));
            Assert.Equal((GrpcCode.Unauthenticated, false), (error.Code, error.Detail.Contains("xxx", StringComparison.Ordinal)));
        }

        Assert.Equal(3, reviewer.Asked.Count);
    }

    [Fact]
    [Trait("behaviour", "CP-191")]
    public async Task Certificates_CountWithTheirUri()
    {
        var authenticator = new CallerAuthenticator(new Reviewer(Good with { IsAuthenticated = false }), "cluster.local");
        using X509Certificate2 with = Certificate("spiffe://cluster.local/ns/shop/sa/cart");
        using X509Certificate2 without = Certificate(null);

        Caller caller = await authenticator.AuthenticateAsync(with, [], [], default);
        Assert.Equal((CallerKind.Certificate, Make.Cart), (caller.Kind, caller.Identities.Single()));
        await Assert.ThrowsAsync<GrpcException>(async () => await authenticator.AuthenticateAsync(without, [], [], default));
        await Assert.ThrowsAsync<GrpcException>(async () => await authenticator.AuthenticateAsync(null, [], [], default));
    }

    private static X509Certificate2 Certificate(string? uri)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=x", key, HashAlgorithmName.SHA256);
        if (uri is not null)
        {
            var names = new SubjectAlternativeNameBuilder();
            names.AddUri(new Uri(uri));
            request.CertificateExtensions.Add(names.Build());
        }

        return request.CreateSelfSigned(Make.Now.AddDays(-1), Make.Now.AddDays(1));
    }

    private static async Task<Caller> CallAsync(TokenReview review) =>
        await new CallerAuthenticator(new Reviewer(review), "cluster.local").AuthenticateAsync(null, ["Bearer t"], [], default);

    private static async Task<string> RefusalAsync(TokenReview review)
    {
        GrpcException refusal = await Assert.ThrowsAsync<GrpcException>(() => CallAsync(review));
        Assert.Equal(GrpcCode.Unauthenticated, refusal.Code);
        return refusal.Detail;
    }

    private sealed class Reviewer(TokenReview answer) : ITokenReviewer
    {
        public List<string> Asked { get; } = [];

        public IReadOnlyList<string> Clusters => ["c1", "c2"];

        public IReadOnlyList<string> Pending => ["c2", "c3"];

        public ValueTask<TokenReview> ReviewAsync(string cluster, string token, CancellationToken cancellation)
        {
            Asked.Add(cluster);
            return ValueTask.FromResult(answer);
        }
    }
}

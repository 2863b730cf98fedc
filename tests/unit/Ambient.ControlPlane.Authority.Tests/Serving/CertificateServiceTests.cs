using Ambient.ControlPlane.Authority.Callers;
using Ambient.ControlPlane.Authority.Nodes;
using Ambient.ControlPlane.Authority.Roots;
using Ambient.ControlPlane.Authority.Serving;
using Ambient.Grpc.Framing;
using Ambient.Identity.Certificates;
using Ambient.Protocol.Istio.Auth;
using Ambient.Testing.Clocks;
using Google.Protobuf.WellKnownTypes;

namespace Ambient.ControlPlane.Authority.Tests.Serving;

public sealed class CertificateServiceTests
{
    private readonly PodIndex _pods = new();
    private readonly List<string> _refused = [];
    private readonly CertificateServiceOptions _options;

    public CertificateServiceTests()
    {
        _pods.Set("c1", new PodFact("istio-system", "zt-1", "uid-1", "ztunnel", "n1", false));
        _pods.Set("c1", new PodFact("shop", "cart-1", "u2", "cart", "n1", false));
        _options = new CertificateServiceOptions
        {
            NodeAuthorization = new NodeAuthorization(["istio-system/ztunnel"], ["cluster.local"]),
            MaxLifetime = TimeSpan.FromHours(48),
            Refused = (_, reason) => _refused.Add(reason),
        };
    }

    [Fact]
    [Trait("behaviour", "CP-190")]
    public void Answers_FollowTheReference()
    {
        CertificateService service = Service();

        Assert.Equal([Make.Ztunnel.ToString()], Uris(service.Certify(Make.NodeProxy, Request(), "p")));
        Assert.Equal([Make.Cart.ToString()], Uris(service.Certify(Make.NodeProxy, Request("spiffe://cluster.local/ns/shop/sa/cart"), "p")));
        Assert.Equal(2, service.Certify(Make.NodeProxy, Request(), "p").CertChain.Count);
        Assert.Equal(GrpcCode.InvalidArgument, Error(service, Request(csr: "no request")).Code);
        Assert.Equal(GrpcCode.Internal, Error(new CertificateService(new AuthorityHolder(), _pods, _options, new ManualTime(Make.Now)), Request()).Code);
        Assert.Equal(GrpcCode.Internal, Error(Service(Make.Now.AddDays(4000)), Request()).Code);
    }

    [Fact]
    [Trait("behaviour", "CP-182")]
    public void LongLifetime_IsRefusedWithBothTimes()
    {
        GrpcException error = Error(Service(), Request(seconds: (48 * 3600) + 1));

        Assert.Equal((GrpcCode.InvalidArgument, "the requested lifetime of 172801 s is longer than the longest allowed of 172800 s"), (error.Code, error.Detail));
        Assert.Equal(GrpcCode.InvalidArgument, Error(Service(), Request(seconds: long.MaxValue)).Code);
        Assert.Equal(TimeSpan.FromHours(24), Lifetime(-5));
        Assert.Equal(TimeSpan.FromHours(48), Lifetime(48 * 3600));
    }

    [Theory]
    [InlineData("spiffe://cluster.local/ns/shop/sa/web", "no pod of shop/web")]
    [InlineData("spiffe://other/ns/shop/sa/cart", "another trust domain")]
    [InlineData("shop/cart", "not a SPIFFE id")]
    public void Impersonation_IsRefusedWithoutAReasonForTheCaller(string identity, string logged)
    {
        GrpcException error = Error(Service(), Request(identity));

        Assert.Equal((GrpcCode.Unauthenticated, "request authenticate failure"), (error.Code, error.Detail));
        Assert.Contains(logged, _refused.Single(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task BeforeAllPodsAreKnown_WhoIsNotFoundWaits_AndIsThenAskedToComeAgain()
    {
        var known = new TaskCompletionSource();
        var clock = new ManualTime(Make.Now);
        var early = new CertificateService(Make.Holder(), _pods, _options with { PodsKnown = known.Task }, clock);
        IstioCertificateRequest ofWeb = Request("spiffe://cluster.local/ns/shop/sa/web");

        // Nobody waits for what needs no pods.
        Assert.Equal([Make.Ztunnel.ToString()], Uris(await early.CertifyAsync(Make.NodeProxy, Request(), "p", CancellationToken.None)));
        Task<IstioCertificateResponse> impatient = early.CertifyAsync(Make.NodeProxy, ofWeb, "p", CancellationToken.None);
        Assert.False(impatient.IsCompleted);
        clock.Advance(_options.Patience);
        Assert.Equal(GrpcCode.Unavailable, (await Assert.ThrowsAsync<GrpcException>(() => impatient)).Code);
        Assert.Empty(_refused);

        Task<IstioCertificateResponse> lucky = early.CertifyAsync(Make.NodeProxy, ofWeb, "p", CancellationToken.None);
        _pods.Set("c1", new PodFact("shop", "web-1", "u3", "web", "n1", false));
        known.SetResult();
        Assert.Equal(["spiffe://cluster.local/ns/shop/sa/web"], Uris(await lucky));
        Assert.Equal(GrpcCode.Unauthenticated, Error(early, Request("spiffe://cluster.local/ns/shop/sa/none")).Code);
    }

    [Fact]
    public async Task PodThatIsNotKnownYet_IsWaitedFor()
    {
        CertificateService service = Service();
        Task<IstioCertificateResponse> early = service.CertifyAsync(Make.NodeProxy, Request("spiffe://cluster.local/ns/shop/sa/web"), "p", CancellationToken.None);
        Assert.False(early.IsCompleted);

        // Elsewhere is not here.
        _pods.Set("c1", new PodFact("shop", "web-0", "u3", "web", "n2", false));
        Assert.False(early.IsCompleted);
        _pods.Set("c1", new PodFact("shop", "web-1", "u4", "web", "n1", false));

        Assert.Equal(["spiffe://cluster.local/ns/shop/sa/web"], Uris(await early));
        Assert.Empty(_refused);
    }

    [Fact]
    public async Task PodThatNeverComes_IsRefusedAfterAWhile_AndFewMayWait()
    {
        var clock = new ManualTime(Make.Now);
        var service = new CertificateService(Make.Holder(), _pods, _options with { MaxWaiting = 5, MaxWaitingOfOne = 2 }, clock);
        _pods.Set("c1", new PodFact("istio-system", "zt-2", "uid-2", "ztunnel", "n2", false));
        _pods.Set("c1", new PodFact("istio-system", "zt-3", "uid-3", "ztunnel", "n3", false));
        Task<IstioCertificateResponse> Ask(int proxy, string account) => service.CertifyAsync(
            Make.NodeProxy with { Pod = new PodBinding("zt-" + proxy, "uid-" + proxy) }, Request("spiffe://cluster.local/ns/shop/sa/" + account), "p", CancellationToken.None);
        Task<IstioCertificateResponse>[] waiting = [Ask(1, "x"), Ask(1, "y"), Ask(2, "x"), Ask(2, "y"), Ask(3, "x")];

        Task<IstioCertificateResponse>[] tooMany = [Ask(1, "z"), Ask(3, "y")];
        Assert.All(tooMany, one => Assert.True(one.IsFaulted));
        Assert.All(waiting, one => Assert.False(one.IsCompleted));

        // Who may not have it at all waits for nothing.
        await Assert.ThrowsAsync<GrpcException>(() => service.CertifyAsync(Make.NodeProxy with { Pod = new PodBinding("zt-1", "old") }, Request("spiffe://cluster.local/ns/shop/sa/x"), "p", CancellationToken.None));
        clock.Advance(_options.PodPatience);
        foreach (Task<IstioCertificateResponse> one in waiting)
        {
            Assert.Equal(GrpcCode.Unauthenticated, (await Assert.ThrowsAsync<GrpcException>(() => one)).Code);
        }

        // Their places are free again.
        Assert.False(Ask(1, "z").IsCompleted);
    }

    [Fact]
    public async Task WhoGoesAway_WaitsNoMore()
    {
        using var gone = new CancellationTokenSource();
        Task<IstioCertificateResponse> early = Service().CertifyAsync(Make.NodeProxy, Request("spiffe://cluster.local/ns/shop/sa/web"), "p", gone.Token);
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => early);
        Assert.Empty(_refused);
    }

    private static IstioCertificateRequest Request(string? impersonated = null, string? csr = null, long seconds = 0)
    {
        var request = new IstioCertificateRequest { Csr = csr ?? Make.RequestPem(), ValidityDuration = seconds };
        if (impersonated is not null)
        {
            request.Metadata = new Struct { Fields = { ["ImpersonatedIdentity"] = Value.ForString(impersonated) } };
        }

        return request;
    }

    private static IReadOnlyList<string> Uris(IstioCertificateResponse response)
    {
        using var leaf = System.Security.Cryptography.X509Certificates.X509Certificate2.CreateFromPem(response.CertChain[0]);
        return UriNames.Of(leaf);
    }

    private TimeSpan Lifetime(long seconds)
    {
        using var leaf = System.Security.Cryptography.X509Certificates.X509Certificate2.CreateFromPem(Service().Certify(Make.NodeProxy, Request(seconds: seconds), "p").CertChain[0]);
        return leaf.NotAfter.ToUniversalTime() - Make.Now.UtcDateTime;
    }

    private CertificateService Service(DateTimeOffset? now = null) => new(Make.Holder(), _pods, _options, new ManualTime(now ?? Make.Now));

    private static GrpcException Error(CertificateService service, IstioCertificateRequest request) =>
        Assert.Throws<GrpcException>(() => service.Certify(Make.NodeProxy, request, "p"));
}

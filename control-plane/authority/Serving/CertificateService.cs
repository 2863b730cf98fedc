using System.Globalization;
using Ambient.ControlPlane.Authority.Callers;
using Ambient.ControlPlane.Authority.Nodes;
using Ambient.ControlPlane.Authority.Requests;
using Ambient.ControlPlane.Authority.Roots;
using Ambient.ControlPlane.Authority.Signing;
using Ambient.Grpc.Framing;
using Ambient.Grpc.Server;
using Ambient.Mesh.Identities;
using Ambient.Protocol.Istio.Auth;

namespace Ambient.ControlPlane.Authority.Serving;

/// <summary>The authority's one call (control-plane reference 6.1). Thread-safe.</summary>
public sealed class CertificateService(AuthorityHolder authority, IPodFacts pods, CertificateServiceOptions options, TimeProvider clock)
{
    /// <summary>The path of the call.</summary>
    public const string Path = "/istio.v1.auth.IstioCertificateService/CreateCertificate";

    private const int MaxRequestBytes = 64 * 1024;
    private const string Impersonated = "ImpersonatedIdentity";
    private const string Unknown = "request authenticate failure";
    private readonly WaitingRoom _waiting = new(options.MaxWaiting, options.MaxWaitingOfOne);

    /// <summary>What a <see cref="GrpcServer"/> is to serve.</summary>
    public GrpcMethod Method(CallerAuthenticator authenticator) => GrpcMethod.Unary(
        Path,
        IstioCertificateRequest.Parser,
        MaxRequestBytes,
        async (IstioCertificateRequest request, GrpcServerCall call) => await CertifyAsync(await IdentifyAsync(authenticator, call), request, call.Peer, call.Aborted));

    /// <summary>The same once the pods, or the one that it is for, are known, when that is soon: whoever starts together with us, or with the pod, shall not have to ask twice.</summary>
    internal async Task<IstioCertificateResponse> CertifyAsync(Caller caller, IstioCertificateRequest request, string peer, CancellationToken cancellation)
    {
        if (!options.PodsKnown.IsCompleted && request.Metadata?.Fields.ContainsKey(Impersonated) == true)
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            await Task.WhenAny(options.PodsKnown, Task.Delay(options.Patience, clock, limit.Token));
            await limit.CancelAsync();
            cancellation.ThrowIfCancellationRequested();
        }

        await AwaitPodAsync(caller, request, cancellation);
        return Certify(caller, request, peer);
    }

    private async Task AwaitPodAsync(Caller caller, IstioCertificateRequest request, CancellationToken cancellation)
    {
        if (!options.PodsKnown.IsCompletedSuccessfully || Requested(request) is not { } text || !SpiffeId.TryParse(text, out SpiffeId? requested)
            || options.NodeAuthorization.Refusal(caller, requested, pods, out string? node) is null || node is null || !_waiting.TryEnter(caller.Pod!.Uid))
        {
            return;
        }

        try
        {
            using var limit = new CancellationTokenSource(options.PodPatience, clock);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
            await pods.WaitForAccountAsync(caller.Cluster, node, requested.Namespace, requested.ServiceAccount, either.Token);
        }
        finally
        {
            _waiting.Leave(caller.Pod.Uid);
        }

        cancellation.ThrowIfCancellationRequested();
    }

    private static string? Requested(IstioCertificateRequest request) =>
        request.Metadata is not null && request.Metadata.Fields.TryGetValue(Impersonated, out Google.Protobuf.WellKnownTypes.Value? value) && value.StringValue.Length > 0 ? value.StringValue : null;

    /// <summary>Certifies a request of a known caller.</summary>
    /// <exception cref="GrpcException">It is refused.</exception>
    internal IstioCertificateResponse Certify(Caller caller, IstioCertificateRequest request, string peer)
    {
        IReadOnlyList<SpiffeId> identities = Identities(caller, request, peer);
        if (!SigningRequest.TryParse(request.Csr, out SigningRequest? parsed, out string? error))
        {
            throw Refuse(GrpcCode.InvalidArgument, error, peer);
        }

        TimeSpan lifetime = Lifetime(request.ValidityDuration, peer);
        if (authority.Current is not { } signer)
        {
            throw Refuse(GrpcCode.Internal, "the authority is not ready", peer);
        }

        if (!signer.TryIssue(new IssueRequest(parsed, identities, lifetime), clock.GetUtcNow(), out IReadOnlyList<string>? chain, out error))
        {
            options.Refused(peer, error);
            throw new GrpcException(GrpcCode.Internal, "the certificate could not be signed");
        }

        options.Issued(identities[0].ToString(), lifetime);
        return new IstioCertificateResponse { CertChain = { chain } };
    }

    private async ValueTask<Caller> IdentifyAsync(CallerAuthenticator authenticator, GrpcServerCall call)
    {
        try
        {
            return await authenticator.AuthenticateAsync(call, call.Aborted);
        }
        catch (GrpcException stranger) when (stranger.Code != GrpcCode.Unavailable)
        {
            options.Refused(call.Peer, stranger.Detail);
            throw new GrpcException(stranger.Code, Unknown);
        }
    }

    private IReadOnlyList<SpiffeId> Identities(Caller caller, IstioCertificateRequest request, string peer)
    {
        if (Requested(request) is not { } text)
        {
            return caller.Identities;
        }

        // Asked before, not after: what becomes known in between is then in the answer.
        bool knowsPods = options.PodsKnown.IsCompletedSuccessfully;
        string? refusal = SpiffeId.TryParse(text, out SpiffeId? requested)
            ? options.NodeAuthorization.Refusal(caller, requested, pods)
            : "the impersonated identity is not a SPIFFE id of the form spiffe://domain/ns/namespace/sa/account";
        if (refusal is null)
        {
            return [requested!];
        }

        if (!knowsPods)
        {
            throw new GrpcException(GrpcCode.Unavailable, "the pods of the cluster are not known yet; ask again");
        }

        options.Refused(peer, refusal);
        throw new GrpcException(GrpcCode.Unauthenticated, Unknown);
    }

    private TimeSpan Lifetime(long seconds, string peer)
    {
        if (seconds <= 0)
        {
            return options.DefaultLifetime;
        }

        return seconds <= (long)options.MaxLifetime.TotalSeconds
            ? TimeSpan.FromSeconds(seconds)
            : throw Refuse(
                GrpcCode.InvalidArgument,
                string.Create(CultureInfo.InvariantCulture, $"the requested lifetime of {seconds} s is longer than the longest allowed of {(long)options.MaxLifetime.TotalSeconds} s"),
                peer);
    }

    private GrpcException Refuse(GrpcCode code, string reason, string peer)
    {
        options.Refused(peer, reason);
        return new GrpcException(code, reason);
    }
}

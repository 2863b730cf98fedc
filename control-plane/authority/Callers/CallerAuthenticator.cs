using System.Security.Cryptography.X509Certificates;
using Ambient.Grpc.Framing;
using Ambient.Grpc.Server;
using Ambient.Identity.Certificates;
using Ambient.Mesh.Identities;

namespace Ambient.ControlPlane.Authority.Callers;

/// <summary>
/// Finds out who calls: by a client certificate that the TLS layer has verified, else by a service account's token
/// (control-plane reference 5.2). Thread-safe.
/// </summary>
public sealed class CallerAuthenticator(ITokenReviewer reviewer, string trustDomain)
{
    private const string Bearer = "Bearer ";
    private const string ServiceAccounts = "system:serviceaccounts";
    private const int MaxToken = 16 * 1024;

    /// <summary>Who makes this call.</summary>
    /// <exception cref="GrpcException">
    /// Unauthenticated: nobody that is known. Unavailable: of a cluster that is not known yet, or that cannot judge at this moment, so that it is worth asking
    /// again. What exactly was wrong is in the message; the token is not.
    /// </exception>
    public ValueTask<Caller> AuthenticateAsync(GrpcServerCall call, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(call);
        return AuthenticateAsync(call.ClientCertificate, call.Header("authorization"), call.Header("clusterid"), cancellation);
    }

    internal async ValueTask<Caller> AuthenticateAsync(X509Certificate2? certificate, IReadOnlyList<string> authorization, IReadOnlyList<string> clusterId, CancellationToken cancellation)
    {
        if (certificate is not null && FromCertificate(certificate) is { } known)
        {
            return known;
        }

        string? token = authorization.FirstOrDefault(static value => value.StartsWith(Bearer, StringComparison.Ordinal))?[Bearer.Length..].Trim();
        if (string.IsNullOrEmpty(token) || token.Length > MaxToken)
        {
            throw Refuse(certificate is null ? "the call has neither a client certificate nor a bearer token" : "the client certificate has no identity of a workload, and there is no bearer token");
        }

        string asked = clusterId.Count > 0 ? clusterId[0] : "";
        string cluster = asked.Length == 0 ? reviewer.Clusters[0] : asked;
        if (!reviewer.Clusters.Contains(cluster, StringComparer.Ordinal))
        {
            if (reviewer.Pending.Contains(cluster, StringComparer.Ordinal))
            {
                throw new GrpcException(GrpcCode.Unavailable, $"the cluster {cluster} is not known yet; ask again");
            }

            throw Refuse($"the cluster {asked} is not known; known are {string.Join(", ", reviewer.Clusters)}");
        }

        return Judge(await reviewer.ReviewAsync(cluster, token, cancellation), cluster);
    }

    private Caller? FromCertificate(X509Certificate2 certificate)
    {
        SpiffeId[] identities = [.. UriNames.Of(certificate).Select(static uri => SpiffeId.TryParse(uri, out SpiffeId? id) ? id : null).OfType<SpiffeId>()];
        return identities.Length > 0 ? new Caller(CallerKind.Certificate, identities, reviewer.Clusters[0], null) : null;
    }

    private Caller Judge(TokenReview review, string cluster)
    {
        if (!string.IsNullOrEmpty(review.Error))
        {
            if (review.IsTransient)
            {
                // Nothing is said about the caller, who hears this as it is. What the server said is logged where it was asked.
                throw new GrpcException(GrpcCode.Unavailable, $"the cluster {cluster} cannot judge tokens at this moment; ask again");
            }

            throw Refuse($"the cluster {cluster} could not judge the token: {review.Error}");
        }

        if (!review.IsAuthenticated)
        {
            throw Refuse($"the cluster {cluster} does not accept the token: {(string.IsNullOrEmpty(review.Reason) ? "it is expired, for another audience, or not its own" : review.Reason)}");
        }

        if (!review.Groups.Contains(ServiceAccounts, StringComparer.Ordinal))
        {
            throw Refuse("the token is not a service account's");
        }

        string[] parts = review.Username.Split(':');
        if (parts is not ["system", "serviceaccount", { Length: > 0 } ns, { Length: > 0 } account] || !SpiffeId.TryParse($"spiffe://{trustDomain}/ns/{ns}/sa/{account}", out SpiffeId? identity))
        {
            throw Refuse("the token's user is not of the form system:serviceaccount:namespace:name");
        }

        return new Caller(CallerKind.Token, [identity], cluster, review.Pod);
    }

    private static GrpcException Refuse(string reason) => new(GrpcCode.Unauthenticated, reason);
}

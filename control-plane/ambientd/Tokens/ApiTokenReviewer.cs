using Ambient.ControlPlane.Authority.Callers;
using Ambient.Kubernetes.Api;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Authentication;
using Review = Ambient.Kubernetes.Resources.Authentication.TokenReview;
using TokenReview = Ambient.ControlPlane.Authority.Callers.TokenReview;

namespace Ambient.ControlPlane.Tokens;

/// <summary>Has the API server judge tokens (control-plane reference 5.2). Thread-safe.</summary>
internal sealed class ApiTokenReviewer(KubernetesClient client, string cluster, IReadOnlyList<string> audiences) : ITokenReviewer
{
    private const string PodName = "authentication.kubernetes.io/pod-name";
    private const string PodUid = "authentication.kubernetes.io/pod-uid";

    public IReadOnlyList<string> Clusters => [cluster];

    public async ValueTask<TokenReview> ReviewAsync(string cluster, string token, CancellationToken cancellation)
    {
        ApiResult<Review> result = await client.CreateAsync(KnownResources.TokenReviews, new Review { Spec = new TokenReviewSpec { Token = token, Audiences = audiences } }, cancellation);
        if (!result.IsOk(out Review? review, out ApiError? error))
        {
            return new TokenReview { Error = error.ToString(), IsTransient = error.IsTransient };
        }

        TokenReviewStatus status = review.Status;
        string? pod = First(status.User, PodName);
        string? uid = First(status.User, PodUid);
        return new TokenReview
        {
            // An API server of the old kind that knows no audiences says none: then the token is for anybody, and not good enough.
            IsAuthenticated = status.Authenticated && (audiences.Count == 0 || status.Audiences.Any(audience => audiences.Contains(audience))),
            Reason = status.Error,
            Username = status.User.Username,
            Groups = status.User.Groups,
            Pod = pod is not null && uid is not null ? new PodBinding(pod, uid) : null,
        };
    }

    private static string? First(UserInfo user, string key) => user.Extra.TryGetValue(key, out IReadOnlyList<string>? values) && values is [{ Length: > 0 } first, ..] ? first : null;
}

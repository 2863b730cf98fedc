namespace Ambient.Kubernetes.Resources.Authentication;

/// <summary>Asks the API server whose token this is. Its text form does not show the token. Immutable.</summary>
public sealed record TokenReview : Resource, IWholeResource
{
    /// <summary><c>spec</c>.</summary>
    public TokenReviewSpec Spec { get; init => field = value ?? new TokenReviewSpec(); } = new();

    /// <summary><c>status</c>.</summary>
    public TokenReviewStatus Status { get; init => field = value ?? new TokenReviewStatus(); } = new();
}

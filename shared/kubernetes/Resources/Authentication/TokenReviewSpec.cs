namespace Ambient.Kubernetes.Resources.Authentication;

/// <summary>The question of a review; its text form does not show the token. Immutable.</summary>
public sealed record TokenReviewSpec
{
    /// <summary><c>token</c>.</summary>
    public string Token { get; init => field = value ?? ""; } = "";

    /// <summary><c>audiences</c>: for whom the token must be.</summary>
    public IReadOnlyList<string> Audiences { get; init => field = value ?? []; } = [];

    /// <inheritdoc/>
    public override string ToString() => $"token *** for {string.Join(",", Audiences)}";
}

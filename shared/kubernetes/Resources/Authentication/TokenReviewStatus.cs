namespace Ambient.Kubernetes.Resources.Authentication;

/// <summary>The API server's verdict. Immutable.</summary>
public sealed record TokenReviewStatus
{
    /// <summary><c>authenticated</c>.</summary>
    public bool Authenticated { get; init; }

    /// <summary><c>user</c>.</summary>
    public UserInfo User { get; init => field = value ?? new UserInfo(); } = new();

    /// <summary><c>audiences</c>: those of the question that the token is for.</summary>
    public IReadOnlyList<string> Audiences { get; init => field = value ?? []; } = [];

    /// <summary><c>error</c>.</summary>
    public string? Error { get; init; }
}

namespace Ambient.ControlPlane.Authority.Callers;

/// <summary>What an API server says about a token. Immutable.</summary>
public sealed record TokenReview
{
    /// <summary>Whether the token is good for the audience that was asked for.</summary>
    public bool IsAuthenticated { get; init; }

    /// <summary>Why it could not be judged; null or empty when it could.</summary>
    public string? Error { get; init; }

    /// <summary>Whether what could not be judged now may be judged later: the server did not answer, or was not able to.</summary>
    public bool IsTransient { get; init; }

    /// <summary>Why it is not good, in the words of who judged it; null when they are not known.</summary>
    public string? Reason { get; init; }

    /// <summary>The user, <c>system:serviceaccount:namespace:name</c> for a service account.</summary>
    public string Username { get; init; } = "";

    /// <summary>The user's groups.</summary>
    public IReadOnlyList<string> Groups { get; init; } = [];

    /// <summary>The pod that the token is bound to; null when it is bound to none.</summary>
    public PodBinding? Pod { get; init; }
}

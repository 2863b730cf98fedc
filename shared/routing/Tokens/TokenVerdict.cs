namespace Ambient.Routing.Tokens;

/// <summary>What the tokens of a request are worth. Immutable.</summary>
/// <param name="Status">0 when the request may go on, else 401 or 403.</param>
/// <param name="Reason">Why not; the body of the answer.</param>
/// <param name="Claims">The claims of the verified token; null without one.</param>
public readonly record struct TokenVerdict(int Status, string Reason, TokenClaims? Claims)
{
    /// <summary>Nothing to say.</summary>
    public static TokenVerdict Pass { get; } = new(0, "", null);
}

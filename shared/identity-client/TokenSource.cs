namespace Ambient.Identity.Client;

/// <summary>Where the bearer token comes from (<c>AUTH_TOKEN</c>, ztunnel reference 6.2). Immutable; prints no token.</summary>
/// <param name="Path">A file, read for every call; null when the token is given literally.</param>
/// <param name="Literal">The token itself; null when it comes from a file.</param>
public sealed record TokenSource(string? Path, string? Literal)
{
    /// <summary>Names the file, never the token.</summary>
    public override string ToString() => Path ?? "***";
}

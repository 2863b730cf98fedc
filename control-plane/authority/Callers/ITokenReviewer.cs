namespace Ambient.ControlPlane.Authority.Callers;

/// <summary>Judges tokens: an API server, or a sandbox's stand-in. Thread-safe.</summary>
public interface ITokenReviewer
{
    /// <summary>The clusters whose tokens can be judged; the first is the own one.</summary>
    IReadOnlyList<string> Clusters { get; }

    /// <summary>Clusters whose tokens can be judged soon: they are part of the mesh, and are not known yet.</summary>
    IReadOnlyList<string> Pending => [];

    /// <summary>Asks a cluster about a token. Must not log it.</summary>
    ValueTask<TokenReview> ReviewAsync(string cluster, string token, CancellationToken cancellation);
}

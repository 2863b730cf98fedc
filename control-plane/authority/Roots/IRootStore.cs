namespace Ambient.ControlPlane.Authority.Roots;

/// <summary>Where a self-signed root is kept with its key: a Secret, or a file. Thread-safe. The text is secret and is never logged.</summary>
public interface IRootStore
{
    /// <summary>The stored text; null when there is none.</summary>
    ValueTask<string?> LoadAsync(CancellationToken cancellation);

    /// <summary>Stores a text where there was none. False: another was first, whose text counts.</summary>
    ValueTask<bool> TryCreateAsync(string pem, CancellationToken cancellation);

    /// <summary>Replaces the text that was loaded. False: it is no longer that text, or it is gone.</summary>
    ValueTask<bool> TryReplaceAsync(string loaded, string pem, CancellationToken cancellation);
}

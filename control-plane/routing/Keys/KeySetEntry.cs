using Ambient.ControlPlane.Routing.Inputs;

namespace Ambient.ControlPlane.Routing.Keys;

/// <summary>What is known of one source. Not thread-safe: the store's lock is around it.</summary>
internal sealed class KeySetEntry(KeySource source)
{
    public KeySource Source { get; } = source;

    /// <summary>The last good keys.</summary>
    public string? Keys { get; set; }

    /// <summary>In whose share it is: the namespace that asked first; null: nobody asked yet.</summary>
    public string? Asker { get; set; }

    /// <summary>Whether the keys are those of an earlier life still.</summary>
    public bool IsRemembered { get; set; }

    /// <summary>When those were fetched.</summary>
    public DateTimeOffset Fetched { get; set; }

    /// <summary>Why the last try failed; null when it did not.</summary>
    public string? Error { get; set; }

    /// <summary>When it was tried last, or came to be; a timestamp, as is <see cref="Used"/>.</summary>
    public long Tried { get; set; }

    /// <summary>How long after that it is fetched.</summary>
    public TimeSpan Pause { get; set; }

    /// <summary>When somebody asked for it.</summary>
    public long Used { get; set; }

    /// <summary>Failures since the last success.</summary>
    public int Failures { get; set; }

    /// <summary>Whether it is being fetched.</summary>
    public bool IsBusy { get; set; }
}

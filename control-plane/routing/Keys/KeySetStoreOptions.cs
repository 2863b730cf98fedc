namespace Ambient.ControlPlane.Routing.Keys;

/// <summary>When key sets are fetched (waypoint reference 2.7). Immutable.</summary>
public sealed record KeySetStoreOptions
{
    /// <summary>How old good keys become before they are fetched again.</summary>
    public TimeSpan Refresh { get; init; } = TimeSpan.FromMinutes(20);

    /// <summary>The pause between the first tries for keys that nobody has yet.</summary>
    public TimeSpan FirstPause { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How many of those there are.</summary>
    public int FirstTries { get; init; } = 7;

    /// <summary>The pause after a failure; it doubles.</summary>
    public TimeSpan Pause { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>The longest pause.</summary>
    public TimeSpan LongestPause { get; init; } = TimeSpan.FromHours(1);

    /// <summary>How old keys of an earlier life may be to be used, or to stay in use, until they are fetched again.</summary>
    public TimeSpan Remembered { get; init; } = TimeSpan.FromHours(24);

    /// <summary>After how long keys that nobody asked for are dropped.</summary>
    public TimeSpan Unused { get; init; } = TimeSpan.FromHours(1);

    /// <summary>How many key sets are kept; further ones are not fetched.</summary>
    public int Capacity { get; init; } = 1024;

    /// <summary>How many of them may be there because one namespace asked.</summary>
    public int Share { get; init; } = 100;

    /// <summary>How many are fetched at a time.</summary>
    public int Concurrency { get; init; } = 8;
}

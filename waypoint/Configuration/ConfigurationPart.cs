namespace Ambient.Waypoint.Configuration;

/// <summary>Resources of one type that are new, different or gone, by name. Immutable.</summary>
/// <param name="Changed">What is new or different.</param>
/// <param name="Removed">What is gone.</param>
internal sealed record ConfigurationPart<T>(IReadOnlyDictionary<string, T> Changed, IReadOnlyCollection<string> Removed)
{
    /// <summary>No change.</summary>
    public static ConfigurationPart<T> None { get; } = new(new Dictionary<string, T>(), []);
}

namespace Ambient.Xds.Server.Resources;

/// <summary>What changed in one type since a moment: each name once, in its latest state. Immutable.</summary>
/// <param name="Changed">What is there and is new or different.</param>
/// <param name="Removed">What was there at that moment and is gone.</param>
internal sealed record ResourceDelta(IReadOnlyList<ResourceEntry> Changed, IReadOnlyList<string> Removed)
{
    internal static ResourceDelta Nothing { get; } = new([], []);

    internal bool IsEmpty => Changed.Count == 0 && Removed.Count == 0;
}

namespace Ambient.ControlPlane.Controllers.Statuses;

/// <summary>Whether something may be written now. Immutable.</summary>
/// <param name="IsAllowed">It may.</param>
/// <param name="Later">When to come back; null: that was said already, or it may be written now.</param>
/// <param name="IsNews">Whether this is the first time that it is held back.</param>
internal readonly record struct WriteVerdict(bool IsAllowed, TimeSpan? Later, bool IsNews)
{
    internal static WriteVerdict Allowed { get; } = new(true, null, false);
}

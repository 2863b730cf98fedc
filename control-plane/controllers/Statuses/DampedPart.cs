namespace Ambient.ControlPlane.Controllers.Statuses;

/// <summary>What of an object is written, for who reads that somebody else writes it, too. Immutable.</summary>
/// <param name="Name">What it is called.</param>
/// <param name="Subresource">Where it is; empty: in the object itself.</param>
/// <param name="Manager">The field manager that is us.</param>
/// <param name="Advice">What to do, after a sentence; empty: the names of the others say it.</param>
internal sealed record DampedPart(string Name, string Subresource, string Manager, string Advice)
{
    internal static DampedPart Status { get; } = new("status", "status", StatusPatch.Manager, "");
}

namespace Ambient.Cli.Meshes;

/// <summary>One line of <c>ambientctl check</c>. Immutable.</summary>
/// <param name="Outcome">What was found.</param>
/// <param name="What">What was checked.</param>
/// <param name="Evidence">What was seen.</param>
/// <param name="Remedy">What to do; empty when nothing is to be done.</param>
internal sealed record CheckLine(CheckOutcome Outcome, string What, string Evidence, string Remedy = "");

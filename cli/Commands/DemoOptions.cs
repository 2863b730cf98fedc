namespace Ambient.Cli.Commands;

/// <summary>What the demo was asked for. Immutable.</summary>
/// <param name="Keep">Leave it running.</param>
/// <param name="NoColour">Plain text.</param>
/// <param name="Ztunnel">The ztunnel program; null for the default.</param>
/// <param name="Only">Only checks whose title holds this; null for all.</param>
internal sealed record DemoOptions(bool Keep, bool NoColour, string? Ztunnel, string? Only);

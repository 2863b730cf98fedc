namespace Ambient.Identity.Trust;

/// <summary>The roots that peers are verified against. Immutable.</summary>
public sealed class TrustBundle(IReadOnlyList<ReadOnlyMemory<byte>> rootsDer)
{
    /// <summary>The roots, DER.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> RootsDer { get; } = rootsDer;
}

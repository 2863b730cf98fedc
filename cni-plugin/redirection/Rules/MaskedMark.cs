using System.Globalization;

namespace Ambient.Cni.Redirection.Rules;

/// <summary>A packet or connection mark under a mask. Immutable.</summary>
/// <param name="Value">The bits that must be set within the mask.</param>
/// <param name="Mask">The bits that count.</param>
public readonly record struct MaskedMark(uint Value, uint Mask)
{
    /// <summary>As the tools print it: <c>0x539/0xfff</c>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"0x{Value:x}/0x{Mask:x}");
}

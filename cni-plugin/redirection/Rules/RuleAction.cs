using System.Globalization;

namespace Ambient.Cni.Redirection.Rules;

/// <summary>An action with its operand. Immutable.</summary>
/// <param name="Kind">What is done.</param>
/// <param name="Operand">Port of a redirect or listener, number of a zone; otherwise 0.</param>
/// <param name="Mark">The mark that a connection or packet gets.</param>
public sealed record RuleAction(RuleActionKind Kind, ushort Operand = 0, MaskedMark Mark = default)
{
    /// <summary>See <see cref="RuleActionKind.Accept"/>.</summary>
    public static RuleAction Accept { get; } = new(RuleActionKind.Accept);

    /// <summary>See <see cref="RuleActionKind.Return"/>.</summary>
    public static RuleAction Return { get; } = new(RuleActionKind.Return);

    /// <summary>See <see cref="RuleActionKind.RestoreMark"/>.</summary>
    public static RuleAction RestoreMark { get; } = new(RuleActionKind.RestoreMark);

    /// <summary>See <see cref="RuleActionKind.Reset"/>.</summary>
    public static RuleAction Reset { get; } = new(RuleActionKind.Reset);

    /// <summary>See <see cref="RuleActionKind.NoTrack"/>.</summary>
    public static RuleAction NoTrack { get; } = new(RuleActionKind.NoTrack);

    /// <summary>See <see cref="RuleActionKind.Drop"/>.</summary>
    public static RuleAction Drop { get; } = new(RuleActionKind.Drop);

    /// <summary>See <see cref="RuleActionKind.Unknown"/>.</summary>
    public static RuleAction Unknown { get; } = new(RuleActionKind.Unknown);

    /// <summary>See <see cref="RuleActionKind.Redirect"/>.</summary>
    public static RuleAction RedirectTo(ushort port) => new(RuleActionKind.Redirect, port);

    /// <summary>See <see cref="RuleActionKind.SetConnectionMark"/>.</summary>
    public static RuleAction SetConnectionMark(MaskedMark mark) => new(RuleActionKind.SetConnectionMark, 0, mark);

    /// <summary>See <see cref="RuleActionKind.SetZone"/>.</summary>
    public static RuleAction SetZone(ushort zone) => new(RuleActionKind.SetZone, zone);

    /// <summary>See <see cref="RuleActionKind.SetMark"/>.</summary>
    public static RuleAction SetMark(MaskedMark mark) => new(RuleActionKind.SetMark, 0, mark);

    /// <summary>See <see cref="RuleActionKind.Transparent"/>.</summary>
    public static RuleAction TransparentTo(ushort port) => new(RuleActionKind.Transparent, port);

    /// <summary>For reports.</summary>
    public override string ToString() => Kind switch
    {
        RuleActionKind.Redirect => string.Create(CultureInfo.InvariantCulture, $"redirect to :{Operand}"),
        RuleActionKind.SetConnectionMark => "connection mark := " + Mark,
        RuleActionKind.RestoreMark => "mark := connection mark",
        RuleActionKind.SetZone => string.Create(CultureInfo.InvariantCulture, $"zone := {Operand}"),
        RuleActionKind.SetMark => "mark := " + Mark,
        RuleActionKind.Transparent => string.Create(CultureInfo.InvariantCulture, $"listener on :{Operand}"),
        RuleActionKind.Reset => "reset",
        RuleActionKind.NoTrack => "no tracking",
        RuleActionKind.Drop => "drop",
        RuleActionKind.Accept => "accept",
        RuleActionKind.Return => "return",
        _ => "(unknown action)",
    };
}

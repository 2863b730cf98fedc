namespace Ambient.Cni.Redirection.Rules;

/// <summary>Equality with a value, or its opposite. Immutable.</summary>
/// <typeparam name="T">What is compared.</typeparam>
/// <param name="Value">The value.</param>
/// <param name="Negated">Whether the packet must differ from it.</param>
public sealed record Match<T>(T Value, bool Negated = false)
{
    /// <summary><c>=value</c> or <c>!=value</c>.</summary>
    public override string ToString() => (Negated ? "!=" : "=") + Value;
}

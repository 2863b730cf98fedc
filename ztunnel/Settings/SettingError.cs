namespace Ambient.Ztunnel.Settings;

/// <summary>A setting that cannot be used, told so that an operator can mend it. Immutable.</summary>
/// <param name="Variable">Variable or file field.</param>
/// <param name="Value">What it holds; null when it is missing.</param>
/// <param name="Reason">What is wrong.</param>
/// <param name="Allowed">What is allowed.</param>
/// <param name="Hint">What to do; may be empty.</param>
public sealed record SettingError(string Variable, string? Value, string Reason, string Allowed, string Hint = "")
{
    /// <summary>One line for the operator.</summary>
    public override string ToString()
    {
        string what = Value is null ? $"missing env var {Variable}" : $"invalid env var {Variable}={Value}";
        return $"{what} ({Reason}); allowed: {Allowed}{(Hint.Length == 0 ? string.Empty : $"; {Hint}")}";
    }
}

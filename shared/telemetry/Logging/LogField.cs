namespace Ambient.Telemetry.Logging;

/// <summary>One key and value of a log line. A field whose value is absent is left out. Immutable.</summary>
public readonly struct LogField
{
    private LogField(string key, LogFieldKind kind, string? text, long number, LogAddress address)
    {
        Key = key;
        Kind = kind;
        Text = text;
        Number = number;
        AddressValue = address;
    }

    internal string Key { get; }

    internal LogFieldKind Kind { get; }

    internal string? Text { get; }

    internal long Number { get; }

    internal LogAddress AddressValue { get; }

    /// <summary>A text; quoted and escaped in both formats. Null leaves the field out.</summary>
    public static LogField Of(string key, string? value) => new(key, value is null ? LogFieldKind.Absent : LogFieldKind.Text, value, 0, default);

    /// <summary>A number; bare in both formats.</summary>
    public static LogField Of(string key, long value) => new(key, LogFieldKind.Number, null, value, default);

    /// <summary>A truth value; bare in both formats.</summary>
    public static LogField Of(string key, bool value) => new(key, LogFieldKind.Truth, null, value ? 1 : 0, default);

    /// <summary>An address; bare in plain lines, a string in JSON. The absent address leaves the field out.</summary>
    public static LogField Of(string key, LogAddress value) => new(key, value.IsPresent ? LogFieldKind.Address : LogFieldKind.Absent, null, 0, value);

    /// <summary>A duration as whole milliseconds with unit, such as <c>15ms</c>; a string in both formats.</summary>
    public static LogField Milliseconds(string key, long milliseconds) => new(key, LogFieldKind.Milliseconds, null, milliseconds, default);

    /// <summary>A value that is JSON already, compact and checked by the caller; as it is in both formats.</summary>
    public static LogField Json(string key, string value) => new(key, LogFieldKind.Json, value, 0, default);

    /// <summary>A text that needs no quotes in plain lines (an address, an authority, an identifier); a string in JSON. Control bytes are escaped all the same.</summary>
    public static LogField Bare(string key, string? value) => new(key, value is null ? LogFieldKind.Absent : LogFieldKind.Bare, value, 0, default);
}

namespace Ambient.Telemetry.Logging;

/// <summary>What encloses a line: a name and one field, such as <c>outbound{id=…}</c>. Immutable.</summary>
/// <param name="Name">Name of the span.</param>
/// <param name="Field">Its one field.</param>
public sealed record LogSpan(string Name, LogField Field);

using System.Globalization;

namespace Ambient.Cli.Demo.Output;

/// <summary>Plain lines, for pipes and logs; colours by a few escape codes where a terminal wants them. Not thread-safe.</summary>
internal sealed class PlainOutput(TextWriter writer) : IDemoOutput
{
    /// <inheritdoc/>
    public void Title(string text) => Line(text);

    /// <inheritdoc/>
    public void Step(string text) => Line("  - " + text);

    /// <inheritdoc/>
    public void Begin(int number, int of, string title)
    {
        Line("");
        Line(string.Create(CultureInfo.InvariantCulture, $"[{number}/{of}] {title}"));
    }

    /// <inheritdoc/>
    public void Did(string text) => Line("  did  " + text);

    /// <inheritdoc/>
    public void Saw(string text) => Line("  saw  " + text);

    /// <inheritdoc/>
    public void End(string? reason, TimeSpan took) =>
        Line(string.Create(CultureInfo.InvariantCulture, $"  {(reason is null ? "✓ passed" : "✗ FAILED: " + reason)} ({took.TotalSeconds:0.0} s)"));

    /// <inheritdoc/>
    public void Verdict(int passed, int failed) => Line(string.Create(CultureInfo.InvariantCulture, $"{passed} passed, {failed} failed, 0 skipped"));

    /// <inheritdoc/>
    public void Text(string text) => Line(text);

    /// <inheritdoc/>
    public void Error(string text) => Line("error: " + text);

    private void Line(string text)
    {
        writer.WriteLine(text);
        writer.Flush();
    }
}

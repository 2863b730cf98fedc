using Ambient.Cli.Demo.Output;
using Xunit.Abstractions;

namespace Ambient.Cluster.Tests;

/// <summary>What the tour tells goes into the test's output.</summary>
internal sealed class TourOutput(ITestOutputHelper output) : IDemoOutput
{
    public void Title(string text) => output.WriteLine(text);

    public void Step(string text) => output.WriteLine(text);

    public void Begin(int number, int of, string title) => output.WriteLine($"{number}/{of} {title}");

    public void Did(string text) => output.WriteLine("  did: " + text);

    public void Saw(string text) => output.WriteLine("  saw: " + text);

    public void End(string? reason, TimeSpan took) => output.WriteLine($"  {reason ?? "ok"} ({took.TotalSeconds:0.0} s)");

    public void Verdict(int passed, int failed) => output.WriteLine($"{passed} passed, {failed} failed");

    public void Text(string text) => output.WriteLine(text);

    public void Error(string text) => output.WriteLine(text);
}

using System.Diagnostics;
using Ambient.Cli.Tests.Dumps;
using Ambient.Testing.Facts;

namespace Ambient.Cli.Tests.Output;

/// <summary>Colours of the real program: on a terminal, and nowhere else.</summary>
public sealed class ColourTests : IDisposable
{
    private const string Red = "\e[31mFAIL\e[0m";
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);
    private readonly string _dump = Path.GetTempFileName();

    public ColourTests() => File.WriteAllText(_dump, DumpText.Text);

    public void Dispose() => File.Delete(_dump);

    [RequiresToolFact("script")]
    public async Task OnATerminal_WhatFailed_IsRed_UnlessItsUserWantsNoColours()
    {
        Assert.Contains(Red, await CheckAsync(isTerminal: true, "xterm-256color", noColour: null), StringComparison.Ordinal);

        // Empty is not set (no-color.org).
        Assert.Contains(Red, await CheckAsync(isTerminal: true, "xterm", noColour: ""), StringComparison.Ordinal);
        foreach ((string? term, string? noColour) in new (string?, string?)[] { ("xterm-256color", "1"), ("xterm-256color", "no"), ("dumb", null), (null, null) })
        {
            string plain = await CheckAsync(isTerminal: true, term, noColour);
            Assert.Contains("FAIL  certificates", plain, StringComparison.Ordinal);
            Assert.DoesNotContain("\e[3", plain, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task InAPipe_NothingIsColoured()
    {
        string plain = await CheckAsync(isTerminal: false, "xterm-256color", noColour: null);
        Assert.Contains("FAIL  certificates", plain, StringComparison.Ordinal);
        Assert.DoesNotContain('\e', plain);
    }

    private async Task<string> CheckAsync(bool isTerminal, string? term, string? noColour)
    {
        string program = Path.Combine(AppContext.BaseDirectory, "ambientctl");
        ProcessStartInfo start = isTerminal ? new ProcessStartInfo("script", ["-qec", $"'{program}' check -f '{_dump}'", "/dev/null"]) : new ProcessStartInfo(program, ["check", "-f", _dump]);
        (start.RedirectStandardInput, start.RedirectStandardOutput) = (true, true);

        // The runtime that runs the tests, wherever that is.
        start.Environment["DOTNET_ROOT"] = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(typeof(object).Assembly.Location)!, "..", "..", ".."));
        Set(start, "TERM", term);
        Set(start, "NO_COLOR", noColour);
        using Process process = Process.Start(start)!;
        using var limit = new CancellationTokenSource(Limit);
        string output = await process.StandardOutput.ReadToEndAsync(limit.Token);
        await process.WaitForExitAsync(limit.Token);
        Assert.Equal(1, process.ExitCode);
        return output;
    }

    private static void Set(ProcessStartInfo start, string name, string? value)
    {
        start.Environment.Remove(name);
        if (value is not null)
        {
            start.Environment[name] = value;
        }
    }
}

using System.ComponentModel;
using System.Globalization;
using Ambient.Linux.Tools;

namespace Ambient.Linux.Tests.Tools;

/// <summary>Programs that are run to their end, and those that cannot be.</summary>
public sealed class NetworkToolsTests
{
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task OutputErrorsAndCode_AreThePrograms()
    {
        ToolResult result = await RunAsync(["sh", "-c", "cat; echo sad >&2; exit 3"], "some input");
        Assert.Equal((3, "some input", "sad\n", false), (result.ExitCode, result.Output, result.Errors, result.Succeeded));
        Assert.Equal("`sh -c cat; echo sad >&2; exit 3` ended with 3: sad", result.Complaint);
    }

    [Fact]
    public async Task ProgramThatIsNotThere_IsNotInstalled()
    {
        ToolResult result = await RunAsync(["ambient-no-such-tool", "-x"], null);
        Assert.Equal(ToolResult.NotInstalled, result.ExitCode);
        Assert.Equal("ambient-no-such-tool (or nsenter, of util-linux) is not installed", result.Complaint);
    }

    [Fact]
    public async Task ProgramThatMayNotBeStarted_WasNotRun()
    {
        ToolResult result = await RunAsync(["/dev/null"], null);
        Assert.Equal(ToolResult.NotRun, result.ExitCode);
        Assert.StartsWith("`/dev/null`: it cannot be started: ", result.Complaint, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ProgramThatDoesNotReadItsInput_IsJudgedByItsCode()
    {
        // More than a pipe holds.
        ToolResult result = await RunAsync(["true"], new string('x', 1 << 20));
        Assert.Equal(0, result.ExitCode);
    }

    [Fact]
    public async Task ProgramThatDoesNotEnd_WasNotRun()
    {
        ToolResult result = await NetworkTools.RunAsync(null, ["sleep", "1000"], null, TimeSpan.FromMilliseconds(100), CancellationToken.None);
        Assert.Equal((ToolResult.NotRun, "it did not end within 0.1 s"), (result.ExitCode, result.Errors));
    }

    [Fact]
    public async Task Cancellation_IsNoResult_AndEndsTheProgram_WithWhatItStarted()
    {
        string file = Path.GetTempFileName();
        try
        {
            using var end = new CancellationTokenSource();
            Task<ToolResult> running = NetworkTools.RunAsync(null, ["sh", "-c", $"sleep 1000 & echo $! > {file}; wait"], null, Long, end.Token);
            int child = 0;
            await UntilAsync(() => int.TryParse(File.ReadAllText(file), NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out child), "the program starts its child");
            await end.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
            await UntilAsync(() => !IsAlive(child), "the program's child ends");
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public void ProgramsThatCannotBeEnded_ChangeNoResult()
    {
        // As Process.Kill tells it of a tree, of one program, and of one that has gone; a test that is root can end everything.
        foreach (Exception failure in new Exception[] { new AggregateException(new Win32Exception(1)), new Win32Exception(1), new InvalidOperationException() })
        {
            NetworkTools.End(() => throw failure);
        }

        Assert.Throws<NotSupportedException>(() => NetworkTools.End(() => throw new NotSupportedException()));
    }

    private static Task<ToolResult> RunAsync(string[] words, string? input) => NetworkTools.RunAsync(null, words, input, Long, CancellationToken.None);

    private static async Task UntilAsync(Func<bool> condition, string what)
    {
        for (int i = 0; i < 6000 && !condition(); i++)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System);
        }

        Assert.True(condition(), what);
    }

    // One that has ended and that nobody has asked about yet counts as ended.
    private static bool IsAlive(int process)
    {
        try
        {
            return !File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/stat")).Contains(") Z", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false;
        }
    }
}

using System.Diagnostics;
using System.Runtime.CompilerServices;
using Xunit.Sdk;

namespace Ambient.Testing.Waiting;

/// <summary>Waits for what must become true, with a deadline; for state that sends no signal. Thread-safe.</summary>
public static class Eventually
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(10);

    /// <summary>Returns once the condition holds; fails the test at the deadline (30 s unless given).</summary>
    public static Task TrueAsync(Func<bool> condition, TimeSpan? deadline = null, [CallerArgumentExpression(nameof(condition))] string what = "") =>
        TrueAsync(() => Task.FromResult(condition()), deadline, what);

    /// <summary>Returns once the condition holds; fails the test at the deadline (30 s unless given).</summary>
    public static async Task TrueAsync(Func<Task<bool>> condition, TimeSpan? deadline = null, [CallerArgumentExpression(nameof(condition))] string what = "")
    {
        ArgumentNullException.ThrowIfNull(condition);
        TimeSpan limit = deadline ?? Deadline;
        long started = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            if (Stopwatch.GetElapsedTime(started) > limit)
            {
                throw new XunitException($"Not true within {limit.TotalSeconds:0.#} s: {what}");
            }

            await Task.Delay(Every, TimeProvider.System);
        }
    }

    /// <summary>Repeats assertions until they pass; at the deadline the last failure fails the test.</summary>
    public static async Task PassesAsync(Func<Task> assertions, TimeSpan? deadline = null)
    {
        ArgumentNullException.ThrowIfNull(assertions);
        TimeSpan limit = deadline ?? Deadline;
        long started = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                await assertions();
                return;
            }
            catch (Exception) when (Stopwatch.GetElapsedTime(started) < limit)
            {
                await Task.Delay(Every, TimeProvider.System);
            }
        }
    }
}

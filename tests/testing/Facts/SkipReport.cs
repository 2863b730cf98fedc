namespace Ambient.Testing.Facts;

/// <summary>Collects why tests were skipped: a line per test in the file named by AMBIENT_SKIPS. Thread-safe.</summary>
public static class SkipReport
{
    private static readonly Lock Gate = new();
    private static readonly HashSet<string> Written = new(StringComparer.Ordinal);

    /// <summary>Notes a skip once; without the variable nothing is written (the runner prints the reason anyway).</summary>
    public static void Note(string test, string reason)
    {
        string? path = Environment.GetEnvironmentVariable("AMBIENT_SKIPS");
        if (string.IsNullOrEmpty(path))
        {
            return;
        }

        string line = test + ": " + reason;
        lock (Gate)
        {
            if (Written.Add(line))
            {
                File.AppendAllText(path, line + "\n");
            }
        }
    }
}

namespace Ambient.Cli.Sandbox.Observation;

/// <summary>A log that another process writes: positions, and lines after a position. Thread-safe.</summary>
internal sealed class LogFile(string path)
{
    private static readonly TimeSpan PollEvery = TimeSpan.FromMilliseconds(20);

    /// <summary>The end of the moment.</summary>
    public long Mark() => File.Exists(path) ? new FileInfo(path).Length : 0;

    /// <summary>Complete lines after a position.</summary>
    public IReadOnlyList<string> LinesSince(long mark)
    {
        if (!File.Exists(path))
        {
            return [];
        }

        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        file.Seek(Math.Min(mark, file.Length), SeekOrigin.Begin);
        using var reader = new StreamReader(file);
        return reader.ReadToEnd().Split('\n')[..^1];
    }

    /// <summary>The first line after a position that holds all the texts; null at the deadline.</summary>
    public async Task<string?> FindAsync(long mark, IReadOnlyList<string> texts, TimeSpan deadline, CancellationToken cancellation)
    {
        long started = TimeProvider.System.GetTimestamp();
        while (true)
        {
            string? found = LinesSince(mark).FirstOrDefault(l => texts.All(t => l.Contains(t, StringComparison.Ordinal)));
            if (found is not null || TimeProvider.System.GetElapsedTime(started) > deadline)
            {
                return found;
            }

            await Task.Delay(PollEvery, TimeProvider.System, cancellation);
        }
    }
}

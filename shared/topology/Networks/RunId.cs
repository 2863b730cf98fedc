using System.Globalization;

namespace Ambient.Topology.Networks;

/// <summary>
/// Names everything that one run makes: purpose, process id of the owner, and its start time in clock ticks, which together
/// never repeat until the next boot. Immutable.
/// </summary>
/// <param name="Purpose">Lower-case letters, such as <c>ambt</c>; no dash.</param>
/// <param name="ProcessId">The process that owns the run.</param>
/// <param name="StartTicks">Field 22 of its /proc stat.</param>
public sealed record RunId(string Purpose, int ProcessId, ulong StartTicks)
{
    private static int _sequence;

    /// <summary>Tells runs of one process apart.</summary>
    public int Sequence { get; init; }

    /// <summary>The run id as it appears in names: <c>purpose-pid-ticks-sequence</c>.</summary>
    public string Text => string.Create(CultureInfo.InvariantCulture, $"{Purpose}-{ProcessId}-{StartTicks}-{Sequence}");

    /// <summary>Where the run keeps its files.</summary>
    public string Directory => Path.Combine(Root, Text);

    /// <summary>The parent of all run directories.</summary>
    public static string Root => Path.Combine(Path.GetTempPath(), "ambient-runs");

    /// <summary>A run of this process.</summary>
    public static RunId New(string purpose)
    {
        ArgumentException.ThrowIfNullOrEmpty(purpose);
        if (!purpose.All(char.IsAsciiLetterLower))
        {
            throw new ArgumentException("a purpose is lower-case letters", nameof(purpose));
        }

        int self = Environment.ProcessId;
        return new RunId(purpose, self, StartOf(self) ?? 0) { Sequence = Interlocked.Increment(ref _sequence) };
    }

    /// <summary>The name of a part of the run.</summary>
    public string NameOf(string part) => Text + "-" + part;

    /// <summary>Reads a name back: the run and the part (empty for the run's own name).</summary>
    public static bool TryParse(string name, out RunId? run, out string part)
    {
        ArgumentNullException.ThrowIfNull(name);
        run = null;
        part = "";
        string[] pieces = name.Split('-', 5);
        if (pieces.Length < 4
            || pieces[0].Length == 0
            || !pieces[0].All(char.IsAsciiLetterLower)
            || !int.TryParse(pieces[1], NumberStyles.None, CultureInfo.InvariantCulture, out int process)
            || !ulong.TryParse(pieces[2], NumberStyles.None, CultureInfo.InvariantCulture, out ulong ticks)
            || !int.TryParse(pieces[3], NumberStyles.None, CultureInfo.InvariantCulture, out int sequence))
        {
            return false;
        }

        run = new RunId(pieces[0], process, ticks) { Sequence = sequence };
        part = pieces.Length == 5 ? pieces[4] : "";
        return true;
    }

    /// <summary>
    /// Whether the owner still runs: the process of the name, or the one that the run was handed to (its <c>owner</c> file).
    /// </summary>
    public bool IsAlive() =>
        ReadOwner(out int process, out ulong ticks) ? StartOf(process) == ticks : StartOf(ProcessId) == StartTicks;

    /// <summary>The process that owns the run now.</summary>
    public int OwnerProcess() => ReadOwner(out int process, out _) ? process : ProcessId;

    /// <summary>Hands the run to another process. Throws <see cref="IOException"/>.</summary>
    public void HandTo(int processId)
    {
        string path = Path.Combine(Directory, "owner");
        string temporary = path + ".new";
        File.WriteAllText(temporary, string.Create(CultureInfo.InvariantCulture, $"{processId} {StartOf(processId) ?? 0}"));
        File.Move(temporary, path, overwrite: true);
    }

    /// <inheritdoc/>
    public override string ToString() => Text;

    private bool ReadOwner(out int process, out ulong ticks)
    {
        process = 0;
        ticks = 0;
        try
        {
            string[] words = File.ReadAllText(Path.Combine(Directory, "owner")).Split(' ');
            return words.Length == 2
                && int.TryParse(words[0], NumberStyles.None, CultureInfo.InvariantCulture, out process)
                && ulong.TryParse(words[1], NumberStyles.None, CultureInfo.InvariantCulture, out ticks);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Start time of a living process in clock ticks since boot; null when there is none.</summary>
    private static ulong? StartOf(int processId)
    {
        try
        {
            // The command may hold blanks and parentheses; the fields after its last ')' are plain. State is field 3, start is 22.
            string stat = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{processId}/stat"));
            string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return fields[0] is "Z" or "X" ? null : ulong.Parse(fields[19], CultureInfo.InvariantCulture);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}

namespace Ambient.Linux;

/// <summary>A system call of set-up work failed. Loops branch on <see cref="SysResult"/> and never throw this.</summary>
public sealed class LinuxException : Exception
{
    /// <summary>Makes the text "call(target): ENAME, meaning (hint)".</summary>
    public LinuxException(string call, string target, Errno errno)
        : base(Compose(call, target, errno)) => (Call, Target, Errno) = (call, target, errno);

    /// <summary>The system call.</summary>
    public string Call { get; }

    /// <summary>What it was applied to.</summary>
    public string Target { get; }

    /// <summary>Why it failed.</summary>
    public Errno Errno { get; }

    private static string Compose(string call, string target, Errno errno)
    {
        string text = $"{call}({target}): {errno}, {ErrnoMeaning.Describe(errno)}";
        return ErrnoMeaning.Hint(call, errno) is { } hint ? $"{text} ({hint})" : text;
    }
}

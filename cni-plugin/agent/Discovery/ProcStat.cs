using System.Globalization;

namespace Ambient.Cni.Agent.Discovery;

/// <summary>Reads <c>/proc/*/stat</c>. Pure.</summary>
public static class ProcStat
{
    /// <summary>Start time in clock ticks since boot: field 22. The command before it may hold blanks and brackets.</summary>
    public static bool TryReadStart(string text, out long start)
    {
        ArgumentNullException.ThrowIfNull(text);
        start = 0;
        int end = text.LastIndexOf(')');
        if (end < 0)
        {
            return false;
        }

        // What follows the bracket is field 3.
        string[] fields = text[(end + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return fields.Length > 19 && long.TryParse(fields[19], NumberStyles.None, CultureInfo.InvariantCulture, out start);
    }
}

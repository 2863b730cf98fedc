using System.Globalization;

namespace Ambient.Cli.Output;

/// <summary>Columns for people, three blanks apart, as kubectl and istioctl write them. Mutable, for one writer.</summary>
internal sealed class Table(params string[] columns)
{
    private const string Gap = "   ";
    private readonly List<string[]> _rows = [];

    /// <summary>The rows so far.</summary>
    public IReadOnlyList<string[]> Rows => _rows;

    /// <summary>Adds a row with as many cells as there are columns; an empty cell is a dash.</summary>
    public void Add(params string[] cells)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(cells.Length, columns.Length);
        _rows.Add([.. cells.Select(static c => c.Length == 0 ? "-" : Printable(c))]);
    }

    /// <summary>Writes heading and rows; says so when there are none.</summary>
    public void WriteTo(TextWriter output)
    {
        if (_rows.Count == 0)
        {
            output.WriteLine("nothing found");
            return;
        }

        int[] widths = [.. columns.Select((c, i) => Math.Max(Width(c), _rows.Max(r => Width(r[i]))))];
        foreach (string[] row in _rows.Prepend(columns))
        {
            output.WriteLine(string.Concat(row.Select((cell, i) => i == row.Length - 1 ? cell : cell + new string(' ', widths[i] - Width(cell)) + Gap)).TrimEnd());
        }
    }

    private static int Width(string text) => new StringInfo(text).LengthInTextElements;

    /// <summary>Names come from others; what would move the cursor or break the line is shown as a dot.</summary>
    private static string Printable(string text) => text.Any(char.IsControl) ? string.Concat(text.Select(static c => char.IsControl(c) ? '.' : c)) : text;
}

using System.Diagnostics.CodeAnalysis;

namespace Ambient.Telemetry.Logging;

/// <summary>
/// Log levels by target in the syntax of <c>RUST_LOG</c>: a comma list of <c>level</c> or <c>target=level</c> (reference 9.6, 10.8).
/// The longest target that is a prefix of a logger's target decides. Immutable.
/// </summary>
public sealed class LogDirectives
{
    // A directive kept for tools that compare the text; no target of ours has this name.
    private const string AlwaysFirst = "hickory_server::server";

    private readonly (string Target, LogLevel Level)[] _targets;
    private readonly LogLevel? _rest;

    private LogDirectives((string, LogLevel)[] targets, LogLevel? rest)
    {
        _targets = targets;
        _rest = rest;
        string listed = string.Join(',', targets.Select(t => $"{t.Item1}={Name(t.Item2)}"));
        Text = rest is null ? listed : $"{listed},{Name(rest.Value)}";
    }

    /// <summary>Level <c>info</c> for everything.</summary>
    public static LogDirectives Default { get; } = new([(AlwaysFirst, LogLevel.Off)], LogLevel.Info);

    /// <summary>The directives as text, most specific first, the bare level last.</summary>
    public string Text { get; }

    /// <summary>Parses a whole setting. Null or empty gives <see cref="Default"/>.</summary>
    /// <returns>False with the offending part in <paramref name="error"/>.</returns>
    public static bool TryParse(string? text, [NotNullWhen(true)] out LogDirectives? directives, [NotNullWhen(false)] out string? error)
    {
        error = null;
        if (string.IsNullOrEmpty(text))
        {
            directives = Default;
            return true;
        }

        return new LogDirectives([(AlwaysFirst, LogLevel.Off)], null).TryAdd(text, out directives, out error);
    }

    /// <summary>Adds directives to these; one for the same target replaces the older.</summary>
    public bool TryAdd(string text, [NotNullWhen(true)] out LogDirectives? directives, [NotNullWhen(false)] out string? error)
    {
        List<(string Target, LogLevel Level)> targets = [.. _targets];
        LogLevel? rest = _rest;
        foreach (string part in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            int equals = part.IndexOf('=', StringComparison.Ordinal);
            if (equals == 0 || !TryLevel(part[(equals + 1)..], out LogLevel level))
            {
                directives = null;
                error = part;
                return false;
            }

            if (equals < 0)
            {
                rest = level;
                continue;
            }

            string target = part[..equals];
            int known = targets.FindIndex(t => t.Target == target);
            if (known >= 0)
            {
                targets[known] = (target, level);
            }
            else
            {
                targets.Add((target, level));
            }
        }

        directives = new LogDirectives([.. targets], rest);
        error = null;
        return true;
    }

    /// <summary>The level in force for a target. Without any matching directive errors are still logged.</summary>
    public LogLevel LevelFor(string target)
    {
        int longest = -1;
        LogLevel level = _rest ?? LogLevel.Error;
        foreach ((string prefix, LogLevel directed) in _targets)
        {
            if (prefix.Length > longest && target.StartsWith(prefix, StringComparison.Ordinal))
            {
                longest = prefix.Length;
                level = directed;
            }
        }

        return level;
    }

    /// <inheritdoc/>
    public override string ToString() => Text;

    /// <summary>The lower-case word of a level, as in lines and directives.</summary>
    public static string Name(LogLevel level) => level switch
    {
        LogLevel.Off => "off",
        LogLevel.Error => "error",
        LogLevel.Warn => "warn",
        LogLevel.Info => "info",
        LogLevel.Debug => "debug",
        _ => "trace",
    };

    private static bool TryLevel(string word, out LogLevel level)
    {
        for (level = LogLevel.Off; level <= LogLevel.Trace; level++)
        {
            if (string.Equals(word, Name(level), StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }
}

using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using Ambient.Protocol.L7;
using Ambient.Routing.Messages;

namespace Ambient.Routing.Actions;

/// <summary>Edits of header fields: removals first, then all sets, then all additions, each by name (waypoint reference 2.1.2). Immutable.</summary>
public sealed class HeaderEditor
{
    private static readonly SearchValues<char> TokenCharacters =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");

    private readonly string[] _remove;
    private readonly (string Name, HeaderTemplate Value)[] _set;
    private readonly (string Name, HeaderTemplate Value)[] _add;

    private HeaderEditor(string[] remove, (string Name, HeaderTemplate Value)[] set, (string Name, HeaderTemplate Value)[] add)
    {
        _remove = remove;
        _set = [.. set.Where(edit => !IsAuthority(edit.Name))];
        _add = [.. add.Where(edit => !IsAuthority(edit.Name))];
        Authority = set.Concat(add).FirstOrDefault(edit => IsAuthority(edit.Name)).Value;
    }

    /// <summary>No edits.</summary>
    public static HeaderEditor None { get; } = new([], [], []);

    /// <summary>The new Host of a request; null when it stays.</summary>
    public HeaderTemplate? Authority { get; }

    /// <summary>Whether there is nothing to do.</summary>
    public bool IsEmpty => _remove.Length + _set.Length + _add.Length == 0 && Authority is null;

    /// <summary>Compiles edits; false with what is wrong about them.</summary>
    public static bool TryCompile(HeaderEdits? edits, [NotNullWhen(true)] out HeaderEditor? editor, [NotNullWhen(false)] out string? error)
    {
        editor = None;
        error = null;
        if (edits is null)
        {
            return true;
        }

        if (!TryValues(edits.Set, out (string, HeaderTemplate)[]? set, out error) || !TryValues(edits.Add, out (string, HeaderTemplate)[]? add, out error))
        {
            editor = null;
            return false;
        }

        // Pseudo-headers and Host cannot be removed; asking for it has no effect.
        string[] remove = [.. edits.Remove.Where(name => !name.StartsWith(':') && !IsAuthority(name)).Select(name => name.ToLowerInvariant())];
        editor = new HeaderEditor(remove, set, add);
        return true;
    }

    /// <summary>Applies the edits; the authority is the caller's business.</summary>
    public void Apply(FieldList fields, ICommandSource source)
    {
        foreach (string name in _remove)
        {
            fields.Remove(name);
        }

        foreach ((string name, HeaderTemplate value) in _set)
        {
            fields.Set(name, value.Expand(source));
        }

        foreach ((string name, HeaderTemplate value) in _add)
        {
            fields.Add(name, value.Expand(source));
        }
    }

    internal static HeaderEditor CompileOrEmpty(HeaderEdits? edits) => TryCompile(edits, out HeaderEditor? editor, out _) ? editor : None;

    private static bool IsAuthority(string name) => name.Equals("host", StringComparison.OrdinalIgnoreCase) || name == ":authority";

    private static bool TryValues(IEnumerable<HeaderValue> values, [NotNullWhen(true)] out (string, HeaderTemplate)[]? compiled, [NotNullWhen(false)] out string? error)
    {
        List<(string, HeaderTemplate)> list = [];
        compiled = null;
        foreach (HeaderValue value in values.OrderBy(value => value.Name, StringComparer.Ordinal))
        {
            if (value.Name.Length == 0 || (value.Name.AsSpan().ContainsAnyExcept(TokenCharacters) && !IsAuthority(value.Name)))
            {
                error = $"'{value.Name}' is no header name";
                return false;
            }

            if (value.Value.AsSpan().ContainsAnyInRange('\0', '\x1f') || value.Value.Contains('\x7f', StringComparison.Ordinal))
            {
                error = $"the value of {value.Name} holds control characters";
                return false;
            }

            if (!HeaderTemplate.TryParse(value.Value, out HeaderTemplate? template, out error))
            {
                error = $"{value.Name}: {error}";
                return false;
            }

            list.Add((value.Name.ToLowerInvariant(), template));
        }

        compiled = [.. list];
        error = null;
        return true;
    }
}

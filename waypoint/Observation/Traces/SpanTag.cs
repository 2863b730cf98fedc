using System.Diagnostics.CodeAnalysis;
using Ambient.Protocol.L7;
using Ambient.Routing.Formats;
using Ambient.Waypoint.Observation.Logs;

namespace Ambient.Waypoint.Observation.Traces;

/// <summary>A tag that users have asked for. Immutable.</summary>
internal sealed class SpanTag
{
    private readonly string? _constant;
    private readonly string? _header;
    private readonly string _default;

    private SpanTag(string name, string? constant, string? header, IReadOnlyList<LogPart> parts, string defaultValue)
    {
        Name = name;
        _constant = constant;
        _header = header;
        Parts = parts;
        _default = defaultValue;
    }

    public string Name { get; }

    public IReadOnlyList<LogPart> Parts { get; }

    public static bool TryCompile(CustomTag tag, [NotNullWhen(true)] out SpanTag? compiled, [NotNullWhen(false)] out string? error)
    {
        error = null;
        LogTemplate? template = null;
        string? constant = tag.KindCase switch
        {
            CustomTag.KindOneofCase.Literal => tag.Literal,
            CustomTag.KindOneofCase.Environment => Environment.GetEnvironmentVariable(tag.Environment) ?? tag.DefaultValue,
            _ => null,
        };
        if (tag.KindCase == CustomTag.KindOneofCase.Format && !LogTemplate.TryParse(tag.Format, out template, out error))
        {
            compiled = null;
            return false;
        }

        compiled = new SpanTag(tag.Name, constant, tag.KindCase == CustomTag.KindOneofCase.Header ? tag.Header.ToLowerInvariant() : null, template?.Parts ?? [], tag.DefaultValue);
        return true;
    }

    /// <summary>Its value for a request; empty is left out.</summary>
    public string ValueFor(ObservedRequest seen) => _constant ?? (_header is not null ? seen.RequestField(_header) ?? _default : LogFormatter.Join(Parts, seen));
}

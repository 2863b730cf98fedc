using System.Diagnostics.CodeAnalysis;
using Ambient.Protocol.L7;
using Ambient.Routing.Expressions;
using Ambient.Routing.Formats;
using Ambient.Telemetry.Logging;
using Ambient.Waypoint.Observation.Export;
using Ambient.Waypoint.Observation.Logs;

namespace Ambient.Waypoint.Observation.Plans;

/// <summary>One access log of a service: which requests, in which form, to whom. Immutable.</summary>
internal sealed class LogPlan
{
    private readonly (string Name, IReadOnlyList<LogPart> Parts)[] _labels;

    private LogPlan(Expression? filter, LogFormatter formatter, LineLog? file, ILogSender? sender, string logName, (string Name, IReadOnlyList<LogPart> Parts)[] labels)
    {
        Filter = filter;
        Formatter = formatter;
        File = file;
        Sender = sender;
        LogName = logName;
        _labels = labels;
    }

    /// <summary>Which requests; null for all.</summary>
    public Expression? Filter { get; }

    /// <summary>The line, or the body of a record.</summary>
    public LogFormatter Formatter { get; }

    /// <summary>Where lines go; null for a collector.</summary>
    public LineLog? File { get; }

    /// <summary>Where records go; null for a file.</summary>
    public ILogSender? Sender { get; }

    /// <summary>The log's name for collectors.</summary>
    public string LogName { get; }

    /// <summary>All commands of line and labels.</summary>
    public IEnumerable<LogPart> Parts => Formatter.Parts.Concat(_labels.SelectMany(label => label.Parts));

    /// <summary>The log that the mesh's own settings ask for.</summary>
    public static LogPlan Usual(bool isJson, Exporters exporters)
    {
        _ = TryFormatter("", isJson, [], out LogFormatter? formatter, out _);
        return new LogPlan(null, formatter!, exporters.File("/dev/stdout"), null, "", []);
    }

    /// <summary>Compiles a rule; false with what is wrong.</summary>
    public static bool TryCompile(AccessLogRule rule, TelemetrySettings settings, Exporters exporters, [NotNullWhen(true)] out LogPlan? plan, [NotNullWhen(false)] out string? error)
    {
        plan = null;
        Expression? filter = null;
        if (rule.Provider >= settings.Providers.Count)
        {
            error = "there is no such provider";
            return false;
        }

        if (rule.Filter.Length > 0 && !Expression.TryCompile(rule.Filter, out filter, out error))
        {
            return false;
        }

        TelemetryProvider provider = settings.Providers[(int)rule.Provider];
        if (provider.File is { } file && TryFormatter(file.Text, file.Json, file.Fields, out LogFormatter? formatter, out error))
        {
            plan = new LogPlan(filter, formatter, exporters.File(file.Path), null, "", []);
            return true;
        }

        if (provider.OtlpLogs is { } otlp && TryLabels(otlp.Fields, out List<(string Name, LogTemplate Value)>? labels, out error) && TryFormatter(otlp.Text, false, [], out formatter, out error))
        {
            plan = new LogPlan(filter, formatter, null, exporters.Logs(provider), otlp.LogName.Length > 0 ? otlp.LogName : "otel_envoy_accesslog", [.. labels.Select(label => (label.Name, label.Value.Parts))]);
            return true;
        }

        error = $"provider {provider.Name} takes no access log";
        return false;
    }

    /// <summary>Names and values for a collector.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Labels(ObservedRequest seen) => [.. _labels.Select(label => new KeyValuePair<string, string>(label.Name, LogFormatter.Join(label.Parts, seen)))];

    private static bool TryFormatter(string text, bool isJson, IReadOnlyList<AccessLogField> fields, [NotNullWhen(true)] out LogFormatter? formatter, [NotNullWhen(false)] out string? error)
    {
        formatter = null;
        if (isJson)
        {
            IReadOnlyList<AccessLogField> chosen = fields.Count > 0 ? fields : [.. LogTemplate.UsualFields.Select(field => new AccessLogField { Name = field.Name, Value = field.Value })];
            if (!TryLabels(chosen, out List<(string Name, LogTemplate Value)>? values, out error))
            {
                return false;
            }

            formatter = new LogFormatter(values);
            return true;
        }

        if (!LogTemplate.TryParse(text.Length > 0 ? text : LogTemplate.UsualText, out LogTemplate? template, out error))
        {
            return false;
        }

        formatter = new LogFormatter(template);
        return true;
    }

    private static bool TryLabels(IReadOnlyList<AccessLogField> fields, [NotNullWhen(true)] out List<(string Name, LogTemplate Value)>? values, [NotNullWhen(false)] out string? error)
    {
        values = [];
        foreach (AccessLogField field in fields)
        {
            if (!LogTemplate.TryParse(field.Value, out LogTemplate? template, out error))
            {
                error = $"{field.Name}: {error}";
                return false;
            }

            values.Add((field.Name, template));
        }

        error = null;
        return true;
    }
}

using Ambient.ControlPlane.Routing.Inputs;
using Ambient.ControlPlane.Routing.Reading;
using Ambient.Protocol.L7;
using Ambient.Routing.Formats;

namespace Ambient.ControlPlane.Routing.Telemetry;

/// <summary>The tracing part of Telemetry objects: later layers win field by field (waypoint reference 2.8.1). Not thread-safe.</summary>
internal sealed class TraceRules
{
    // PILOT_TRACE_SAMPLING's default, and what stands for percentages that are none.
    private const double UsualPercent = 1;

    private readonly ProviderTable _table;
    private readonly TracingRule _rule = new() { RandomPercent = UsualPercent, ClientPercent = 100, OverallPercent = 100 };
    private (string Name, RoutingObject Source)? _provider;
    private bool _isSilent;

    public TraceRules(ProviderTable table, RoutingObject? mesh, ProblemList problems)
    {
        _table = table;
        if (mesh is null)
        {
            return;
        }

        SpecReader spec = new(mesh, problems);
        bool isOff = spec.Has("enableTracing") && !spec.Flag("enableTracing");
        if (!isOff && spec.Object("defaultProviders")?.Texts("tracing") is [var name, ..])
        {
            _provider = (name, mesh);
        }

        if (spec.Object("defaultConfig")?.Object("tracing") is { } tracing)
        {
            _rule.RandomPercent = Percent(tracing.Real("sampling")) ?? UsualPercent;
            _rule.MaxPathLength = tracing.Number("maxPathTagLength") ?? 0;
            Tags(tracing);
            tracing.Unsupported("zipkin", "name a provider in extensionProviders");
            tracing.Unsupported("openCensusAgent", "name a provider of OTLP in extensionProviders");
            tracing.Unsupported("lightstep", "name a provider of OTLP in extensionProviders");
            tracing.Unsupported("datadog", "name a provider of OTLP in extensionProviders");
        }
    }

    /// <summary>Adds a layer.</summary>
    public void Add(RoutingObject source, IReadOnlyList<SpecReader> tracing)
    {
        foreach (SpecReader entry in tracing)
        {
            if (!MetricRules.Applies(entry))
            {
                continue;
            }

            if (entry.Objects("providers") is [var first, ..] providers)
            {
                _provider = (first.Text("name"), source);
                if (providers.Count > 1)
                {
                    entry.Invalid("providers", "names several; the first is told");
                }
            }

            Read(entry);
            entry.End();
        }
    }

    /// <summary>What is traced; null without a provider.</summary>
    public TracingRule? Result()
    {
        if (_provider is not { } named || _table.Traces(named.Name, named.Source) is not { } provider)
        {
            return null;
        }

        TracingRule rule = _rule.Clone();
        rule.MaxPathLength = _table.MaxTagLength(named.Name) ?? rule.MaxPathLength;
        if (!_isSilent)
        {
            rule.Provider = provider;
        }

        return rule;
    }

    private static double? Percent(double? percent) => percent is null ? null : percent is < 0 or > 100 ? UsualPercent : percent;

    private void Read(SpecReader entry)
    {
        double? percent = entry.Real("randomSamplingPercentage");
        if (percent is < 0 or > 100)
        {
            entry.Invalid("randomSamplingPercentage", "must be 0 to 100; 1 is used");
        }

        _rule.RandomPercent = Percent(percent) ?? _rule.RandomPercent;
        _isSilent = entry.Has("disableSpanReporting") ? entry.Flag("disableSpanReporting") : _isSilent;
        _rule.IgnoreRequestId = entry.Has("useRequestIdForTraceSampling") ? !entry.Flag("useRequestIdForTraceSampling") : _rule.IgnoreRequestId;
        _rule.NoIstioTags = entry.Has("enableIstioTags") ? !entry.Flag("enableIstioTags") : _rule.NoIstioTags;
        _rule.NoPropagation = entry.Has("disableContextPropagation") ? entry.Flag("disableContextPropagation") : _rule.NoPropagation;
        Tags(entry);
    }

    private void Tags(SpecReader from)
    {
        if (from.Object("customTags") is not { } tags)
        {
            return;
        }

        _rule.Tags.Clear();
        foreach (string name in tags.Keys)
        {
            if (tags.Object(name) is { } tag && Tag(name, tag) is { } compiled)
            {
                _rule.Tags.Add(compiled);
            }
        }
    }

    private static CustomTag? Tag(string name, SpecReader tag)
    {
        CustomTag? compiled = null;
        if (tag.Object("literal") is { } literal)
        {
            compiled = new CustomTag { Name = name, Literal = literal.Text("value") };
        }
        else if (tag.Object("environment") is { } environment)
        {
            compiled = new CustomTag { Name = name, Environment = environment.Text("name"), DefaultValue = environment.Text("defaultValue") };
        }
        else if (tag.Object("header") is { } header)
        {
            compiled = new CustomTag { Name = name, Header = header.Text("name"), DefaultValue = header.Text("defaultValue") };
        }
        else if (tag.Object("formatter") is { } formatter)
        {
            string format = formatter.Text("value");
            if (LogTemplate.TryParse(format, out _, out string? error))
            {
                compiled = new CustomTag { Name = name, Format = format };
            }
            else
            {
                formatter.Invalid("value", $"cannot be used, the tag is left out: {error}");
            }
        }

        tag.End();
        return compiled;
    }
}

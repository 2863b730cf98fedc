using Ambient.Protocol.L7;
using Ambient.Routing.Formats;
using Ambient.Waypoint.Observation.Export;

namespace Ambient.Waypoint.Observation.Traces;

/// <summary>What is traced for a service, and who is told. Immutable.</summary>
internal sealed class TracePlan
{
    private TracePlan(TracingRule rule, ISpanSink? sink, TraceForms own, SpanTag[] tags, string meshId, string clusterId)
    {
        Sink = sink;
        Own = own;
        Tags = tags;
        MeshId = meshId;
        ClusterId = clusterId;
        RandomPercent = rule.RandomPercent;
        ClientPercent = rule.ClientPercent;
        OverallPercent = rule.OverallPercent;
        IgnoresRequestId = rule.IgnoreRequestId;
        HasIstioTags = !rule.NoIstioTags;
        Propagates = !rule.NoPropagation;
        MaxPathLength = rule.MaxPathLength == 0 ? 256 : (int)Math.Min(rule.MaxPathLength, 4096);
    }

    public ISpanSink? Sink { get; }

    /// <summary>The forms in which contexts are always written.</summary>
    public TraceForms Own { get; }

    public SpanTag[] Tags { get; }

    public string MeshId { get; }

    public string ClusterId { get; }

    public double RandomPercent { get; }

    public double ClientPercent { get; }

    public double OverallPercent { get; }

    public bool IgnoresRequestId { get; }

    public bool HasIstioTags { get; }

    public bool Propagates { get; }

    public int MaxPathLength { get; }

    /// <summary>Compiles a rule; what cannot be used of it is said and left out.</summary>
    public static TracePlan? Compile(TracingRule? rule, TelemetrySettings settings, Exporters exporters, Action<string> problem)
    {
        if (rule is null)
        {
            return null;
        }

        TelemetryProvider? provider = rule.HasProvider && rule.Provider < settings.Providers.Count ? settings.Providers[(int)rule.Provider] : null;
        TraceForms own = provider?.Zipkin is not { } zipkin ? TraceForms.W3C : zipkin.AlsoW3C ? TraceForms.B3 | TraceForms.W3C : TraceForms.B3;
        List<SpanTag> tags = [];
        foreach (CustomTag tag in rule.Tags)
        {
            if (SpanTag.TryCompile(tag, out SpanTag? compiled, out string? error))
            {
                tags.Add(compiled);
            }
            else
            {
                problem($"tag {tag.Name}: {error}");
            }
        }

        return new TracePlan(rule, provider is null ? null : exporters.Spans(provider), own, [.. tags], settings.MeshId, settings.ClusterId);
    }

    /// <summary>All commands of its tags, for what must be kept of answers.</summary>
    public IEnumerable<LogPart> Parts => Tags.SelectMany(tag => tag.Parts);
}

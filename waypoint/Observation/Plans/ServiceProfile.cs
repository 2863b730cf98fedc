using Ambient.Protocol.L7;
using Ambient.Routing.Expressions;
using Ambient.Routing.Formats;
using Ambient.Waypoint.Observation.Export;
using Ambient.Waypoint.Observation.Traces;

namespace Ambient.Waypoint.Observation.Plans;

/// <summary>What is measured, logged and traced of one service's requests. Immutable.</summary>
internal sealed class ServiceProfile
{
    /// <summary>Makes a profile.</summary>
    public ServiceProfile(MetricPlan metrics, IReadOnlyList<LogPlan> logs, TracePlan? trace)
    {
        Metrics = metrics;
        Logs = [.. logs];
        Trace = trace;
        KeptFields = [.. Asked(metrics, logs, trace).Distinct(StringComparer.Ordinal)];
    }

    /// <summary>Metrics.</summary>
    public MetricPlan Metrics { get; }

    /// <summary>Access logs.</summary>
    public LogPlan[] Logs { get; }

    /// <summary>Traces; null for none.</summary>
    public TracePlan? Trace { get; }

    /// <summary>Fields of answers that must be kept until a request is over.</summary>
    public string[] KeptFields { get; }

    /// <summary>Compiles a profile; what cannot be used is said and left out.</summary>
    public static ServiceProfile Compile(TelemetryProfile profile, TelemetrySettings settings, Exporters exporters, Action<string> problem)
    {
        List<LogPlan> logs = [];
        foreach (AccessLogRule rule in profile.Logs)
        {
            if (LogPlan.TryCompile(rule, settings, exporters, out LogPlan? log, out string? error))
            {
                logs.Add(log);
            }
            else
            {
                problem($"access log: {error}");
            }
        }

        return new ServiceProfile(MetricPlan.Compile(profile.Metrics, problem), logs, TracePlan.Compile(profile.Tracing, settings, exporters, problem));
    }

    private static IEnumerable<string> Asked(MetricPlan metrics, IReadOnlyList<LogPlan> logs, TracePlan? trace)
    {
        IEnumerable<LogPart> parts = logs.SelectMany(log => log.Parts).Concat(trace?.Parts ?? []);
        foreach (LogPart part in parts.Where(part => part.Command is LogCommand.ResponseField or LogCommand.ResponseTrailer && part.Argument != "x-envoy-upstream-service-time"))
        {
            yield return part.Argument;
            if (part.Alternative.Length > 0)
            {
                yield return part.Alternative;
            }
        }

        IEnumerable<Expression> expressions = metrics.Computed.Concat(logs.Select(log => log.Filter).OfType<Expression>()).Concat(parts.Select(part => part.Expression).OfType<Expression>());
        foreach ((_, string key) in expressions.SelectMany(expression => expression.Attributes).Where(attribute => attribute.Name is "response.headers" or "response.trailers"))
        {
            yield return key;
        }

        if (trace is not null)
        {
            yield return "grpc-message";
        }
    }
}

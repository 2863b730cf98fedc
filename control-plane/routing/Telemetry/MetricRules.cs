using Ambient.ControlPlane.Routing.Inputs;
using Ambient.ControlPlane.Routing.Reading;
using Ambient.Protocol.L7;
using Ambient.Routing.Expressions;

namespace Ambient.ControlPlane.Routing.Telemetry;

/// <summary>The metrics part of Telemetry objects: overrides are appended, layer by layer (waypoint reference 2.8.1). Not thread-safe.</summary>
internal sealed class MetricRules(ProviderTable providers)
{
    private static readonly Dictionary<string, string> Names = new(StringComparer.Ordinal)
    {
        ["REQUEST_COUNT"] = "istio_requests_total",
        ["REQUEST_DURATION"] = "istio_request_duration_milliseconds",
        ["REQUEST_SIZE"] = "istio_request_bytes",
        ["RESPONSE_SIZE"] = "istio_response_bytes",
        ["TCP_OPENED_CONNECTIONS"] = "istio_tcp_connections_opened_total",
        ["TCP_CLOSED_CONNECTIONS"] = "istio_tcp_connections_closed_total",
        ["TCP_SENT_BYTES"] = "istio_tcp_sent_bytes_total",
        ["TCP_RECEIVED_BYTES"] = "istio_tcp_received_bytes_total",
        ["GRPC_REQUEST_MESSAGES"] = "istio_request_messages_total",
        ["GRPC_RESPONSE_MESSAGES"] = "istio_response_messages_total",
        ["ALL_METRICS"] = "",
        [""] = "",
    };

    private readonly List<MetricOverride> _overrides = [];
    private bool _isOff;

    /// <summary>Adds a layer.</summary>
    public void Add(IReadOnlyList<SpecReader> metrics)
    {
        foreach (SpecReader entry in metrics)
        {
            string[] named = [.. entry.Objects("providers").Select(provider => provider.Text("name"))];
            if (named.Length > 0)
            {
                _isOff = !Array.Exists(named, providers.IsMetrics);
                foreach (string other in named.Where(name => !providers.IsMetrics(name)))
                {
                    entry.Invalid("providers", $"names {other}, which is no provider of metrics here; Prometheus is");
                }
            }

            foreach (SpecReader change in entry.Objects("overrides"))
            {
                if (Read(change) is { } compiled)
                {
                    _overrides.Add(compiled);
                }
            }

            entry.Unsupported("reportingInterval", "lasting connections and gRPC messages are counted every 5 s");
            entry.End();
        }
    }

    /// <summary>Everything so far.</summary>
    public IEnumerable<MetricOverride> Result() => _isOff ? [.. _overrides, new MetricOverride { Disabled = true }] : _overrides;

    private static MetricOverride? Read(SpecReader change)
    {
        MetricOverride compiled = new();
        bool applies = true;
        if (change.Object("match") is { } match)
        {
            string metric = match.Text("metric");
            string custom = match.Text("customMetric");
            applies = IsForServers(match);
            if (custom.Length > 0)
            {
                compiled.Metric = custom.StartsWith("istio_", StringComparison.Ordinal) ? custom : "istio_" + custom;
            }
            else if (Names.TryGetValue(metric, out string? name))
            {
                compiled.Metric = name;
            }
            else
            {
                match.Invalid("metric", $"'{metric}' is no metric");
                applies = false;
            }

            match.End();
        }

        if (change.Has("disabled"))
        {
            compiled.Disabled = change.Flag("disabled");
        }

        if (change.Object("tagOverrides") is { } tags)
        {
            compiled.Tags.AddRange(tags.Keys.Select(name => Tag(name, tags.Object(name))).OfType<TagOverride>());
        }

        change.End();
        return applies ? compiled : null;
    }

    /// <summary>Whether a rule is for servers, as which waypoints and gateways count; says it when it is not.</summary>
    internal static bool IsForServers(SpecReader match)
    {
        if (match.Text("mode") is not ("CLIENT" or "1"))
        {
            return true;
        }

        match.Problems.Add(match.Source, RoutingProblem.NoEffect, $"{match.Path}.mode: CLIENT has no effect: waypoints and gateways count as servers; use SERVER or CLIENT_AND_SERVER");
        return false;
    }

    /// <summary>The same for the condition of a whole entry, which has nothing else.</summary>
    internal static bool Applies(SpecReader entry)
    {
        if (entry.Object("match") is not { } match)
        {
            return true;
        }

        bool applies = IsForServers(match);
        match.End();
        return applies;
    }

    private static TagOverride? Tag(string name, SpecReader? tag)
    {
        if (tag is null)
        {
            return null;
        }

        string operation = tag.Text("operation");
        string value = tag.Text("value");
        tag.End();
        if (operation is "REMOVE" or "1")
        {
            return new TagOverride { Name = name, Remove = true };
        }

        if (!Expression.TryCompile(value, out _, out string? error))
        {
            tag.Invalid("value", $"cannot be evaluated, the tag stays as it is: {error}");
            return null;
        }

        return new TagOverride { Name = name, Value = value };
    }
}

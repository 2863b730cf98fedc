using Ambient.ControlPlane.Routing.Inputs;
using Ambient.ControlPlane.Routing.Reading;
using Ambient.Protocol.L7;
using Ambient.Routing.Expressions;

namespace Ambient.ControlPlane.Routing.Telemetry;

/// <summary>The access logs of Telemetry objects: a layer that names providers replaces those before it (waypoint reference 2.8.1). Not thread-safe.</summary>
internal sealed class LogRules
{
    private readonly ProviderTable _table;
    private readonly Dictionary<string, (bool IsOff, string Filter)> _rules = new(StringComparer.OrdinalIgnoreCase);
    private List<(string Name, RoutingObject Source)> _providers = [];

    public LogRules(ProviderTable table, RoutingObject? mesh, ProblemList problems)
    {
        _table = table;
        if (mesh is null)
        {
            return;
        }

        SpecReader spec = new(mesh, problems);
        IReadOnlyList<string> usual = spec.Object("defaultProviders")?.Texts("accessLogging") ?? [];
        _providers = usual.Count > 0 ? [.. usual.Select(name => (name, mesh))]
            : spec.Text("accessLogFile").Length > 0 ? [("envoy", mesh)]
            : [];
    }

    /// <summary>Adds a layer.</summary>
    public void Add(RoutingObject source, IReadOnlyList<SpecReader> logs)
    {
        List<(SpecReader Entry, string[] Names)> entries = [];
        foreach (SpecReader entry in logs)
        {
            bool applies = MetricRules.Applies(entry);
            string[] names = [.. entry.Objects("providers").Select(provider => provider.Text("name"))];
            if (applies)
            {
                entries.Add((entry, names));
            }
        }

        string[] named = [.. entries.SelectMany(entry => entry.Names).Distinct(StringComparer.OrdinalIgnoreCase)];
        _providers = named.Length > 0 ? [.. named.Select(name => (name, source))] : _providers;
        foreach ((SpecReader entry, string[] names) in entries)
        {
            if (!TryFilter(entry, out string? filter))
            {
                continue;
            }

            bool isOff = entry.Flag("disabled");
            foreach (string name in names.Length > 0 ? names : [.. _providers.Select(provider => provider.Name)])
            {
                _rules[name] = (isOff, filter ?? (_rules.TryGetValue(name, out (bool IsOff, string Filter) before) ? before.Filter : ""));
            }

            entry.End();
        }
    }

    /// <summary>The logs that are written, by provider's name.</summary>
    public IEnumerable<AccessLogRule> Result()
    {
        foreach ((string name, RoutingObject source) in _providers.OrderBy(provider => provider.Name, StringComparer.OrdinalIgnoreCase))
        {
            (bool isOff, string filter) = _rules.GetValueOrDefault(name, (false, ""));
            if (!isOff && _table.Log(name, source) is { } provider)
            {
                yield return new AccessLogRule { Provider = provider, Filter = filter };
            }
        }
    }

    private static bool TryFilter(SpecReader entry, out string? filter)
    {
        filter = null;
        if (entry.Object("filter") is not { } reader)
        {
            return true;
        }

        string text = reader.Text("expression");
        reader.End();
        if (Expression.TryCompile(text, out _, out string? error))
        {
            filter = text;
            return true;
        }

        reader.Invalid("expression", $"cannot be evaluated, this entry has no effect: {error}");
        return false;
    }
}

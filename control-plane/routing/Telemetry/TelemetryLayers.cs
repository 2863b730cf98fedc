using Ambient.ControlPlane.Routing.Inputs;
using Ambient.ControlPlane.Routing.Policies;
using Ambient.ControlPlane.Routing.Reading;
using Ambient.Kubernetes.Resources.Istio;
using Ambient.Protocol.L7;

namespace Ambient.ControlPlane.Routing.Telemetry;

/// <summary>
/// Which Telemetry objects speak about a service, from the most general to the most particular (waypoint reference 2.8.1): root namespace, the waypoint's, the
/// service's, those that select a gateway's pods, and those with targetRefs. Not thread-safe.
/// </summary>
internal sealed class TelemetryLayers
{
    private readonly WaypointScope _scope;
    private readonly Dictionary<string, RoutingObject> _defaults = new(StringComparer.Ordinal);
    private readonly List<(RoutingObject Source, IReadOnlyList<Attachment> Attachments)> _targeted = [];

    private RoutingObject? _selected;

    public TelemetryLayers(WaypointScope scope, ProblemList problems)
    {
        _scope = scope;
        PolicyTargets targets = new(scope);
        foreach (RoutingObject source in scope.Of("Telemetry"))
        {
            SpecReader spec = new(source, problems);
            IEnumerable<SpecReader> references = spec.Objects("targetRefs");
            references = spec.Object("targetRef") is { } one ? references.Append(one) : references;
            TargetReference[] all = [.. references.Select(Reference)];
            if (all.Length > 0)
            {
                IReadOnlyList<Attachment> attachments = targets.Resolve(source.Namespace, all);
                if (attachments.Count > 0)
                {
                    _targeted.Add((source, attachments));
                    problems.Use(source);
                }
            }
            else if (spec.Has("selector"))
            {
                SpecReader? selector = spec.Object("selector");
                Select(source, selector is not null && targets.Selects(source.Namespace, selector.Map("matchLabels")), problems);
                selector?.End();
            }
            else if (!_defaults.TryAdd(source.Namespace, source))
            {
                problems.Add(source, RoutingProblem.NoEffect, $"{_defaults[source.Namespace].Name} is older and speaks for the whole namespace already");
            }
        }
    }

    /// <summary>Selectors are for pods with a proxy of their own, such as gateways; waypoints have targetRefs. The oldest counts.</summary>
    private void Select(RoutingObject source, bool isSelected, ProblemList problems)
    {
        if (isSelected && _selected is { } older)
        {
            problems.Add(source, RoutingProblem.NoEffect, $"at the gateway {_scope.Namespace}/{_scope.Gateway}: {older} is older and selects its pods already");
        }
        else if (isSelected)
        {
            _selected = source;
        }
    }

    /// <summary>What is said about everything that the waypoint serves.</summary>
    public IReadOnlyList<RoutingObject> OfAll() => [.. Defaults(_scope.RootNamespace, _scope.Namespace), .. Selected, .. _targeted.Where(entry => entry.Attachments.Any(a => a.All)).Select(entry => entry.Source)];

    /// <summary>What is said about one service.</summary>
    public IReadOnlyList<RoutingObject> Of(RoutedService service) =>
    [
        .. Defaults(_scope.RootNamespace, _scope.Namespace, service.Namespace),
        .. Selected,
        .. _targeted.Where(entry => entry.Attachments.Any(a => a.All)).Select(entry => entry.Source),
        .. _targeted.Where(entry => !entry.Attachments.Any(a => a.All) && entry.Attachments.Any(a => a.Service == service.ResourceName)).Select(entry => entry.Source),
    ];

    private static TargetReference Reference(SpecReader reference) => new()
    {
        Group = reference.Text("group"),
        Kind = reference.Text("kind"),
        Name = reference.Text("name"),
        Namespace = reference.Text("namespace"),
    };

    private IEnumerable<RoutingObject> Selected => _selected is null ? [] : [_selected];

    private IEnumerable<RoutingObject> Defaults(params string[] namespaces) => namespaces.Distinct(StringComparer.Ordinal).Where(_defaults.ContainsKey).Select(name => _defaults[name]);
}

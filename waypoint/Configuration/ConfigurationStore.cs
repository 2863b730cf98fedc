using System.Collections.Immutable;
using Ambient.Mesh.Services;
using Ambient.Protocol.L7;
using Ambient.Routing.Access;
using Ambient.Routing.Routes;
using Ambient.Routing.Tokens;
using Ambient.Telemetry.Metrics;
using Ambient.Waypoint.Encryption;
using Ambient.Waypoint.Limits;
using Google.Protobuf;

namespace Ambient.Waypoint.Configuration;

/// <summary>
/// What the control plane said so far, by resource name, and the configuration made of it. A change costs what it touches: routes of a service are compiled when
/// they change, its policies when one of them does. Thread-safe.
/// </summary>
internal sealed class ConfigurationStore
{
    private readonly Lock _gate = new();
    private readonly string _trustDomain;
    private readonly Action<WaypointConfiguration> _publish;
    private readonly Action<string> _problem;
    private readonly EndpointTlsTable _tls;
    private readonly Dictionary<string, (NamespacedHostname Service, PortTable[] Tables)> _routes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, NamespacedHostname> _destinations = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ByteString> _sources = new(StringComparer.Ordinal);
    private readonly Dictionary<string, AccessPolicy> _access = new(StringComparer.Ordinal);
    private readonly Dictionary<string, TokenPolicy> _tokens = new(StringComparer.Ordinal);
    private readonly LimitBook _limits;
    private readonly EdgeBook _edges;
    private WaypointConfiguration _current = WaypointConfiguration.Empty;

    /// <summary>An empty store.</summary>
    /// <param name="trustDomain">The waypoint's own.</param>
    /// <param name="publish">Takes each configuration.</param>
    /// <param name="problem">Told of policies that are stricter than written.</param>
    /// <param name="closed">Told of listeners that are closed, and why.</param>
    /// <param name="tls">Takes what is said about TLS to endpoints, keys with it.</param>
    /// <param name="limits">Where it is counted whom limits let pass.</param>
    public ConfigurationStore(string trustDomain, Action<WaypointConfiguration> publish, Action<string> problem, Action<string>? closed = null, EndpointTlsTable? tls = null, LimitMetrics? limits = null)
    {
        (_trustDomain, _publish, _problem, _tls) = (trustDomain, publish, problem, tls ?? new EndpointTlsTable());
        _limits = new LimitBook(limits ?? new LimitMetrics(new MetricRegistry()));
        _edges = new EdgeBook(closed ?? problem);
    }

    /// <summary>What is in force, as the control plane wrote it.</summary>
    public ConfigurationSources Sources()
    {
        lock (_gate)
        {
            return new ConfigurationSources([.. _sources.Values], [.. _current.Destinations.Values], [.. _access.Values], [.. _tokens.Values], _limits.Sources, _current.Settings);
        }
    }

    /// <summary>Puts changes in force as one; those that cannot be used are refused by name, and of them the last good state stays.</summary>
    public void Apply(ConfigurationChange change)
    {
        lock (_gate)
        {
            HashSet<NamespacedHostname> due = [];
            WaypointConfiguration next = _current with { Destinations = Destinations(change.Destinations, _current.Destinations) };
            bool isAllDue = change.Settings is not null && !change.Settings.TrustDomainAliases.SequenceEqual(_current.Settings.TrustDomainAliases, StringComparer.Ordinal);
            next = change.Settings is null ? next : next with { Settings = change.Settings };
            isAllDue |= Take(_access, change.Access, static policy => policy.Attachments, due);
            isAllDue |= Take(_tokens, change.Tokens, static policy => policy.Attachments, due);
            isAllDue |= _limits.Apply(change, Domains(next), due);
            Routes(change, due);
            next = next with { Edges = _edges.Apply(change, next.Edges) };
            _current = next with
            {
                Services = Services(next, isAllDue ? _routes.Values.Select(static route => route.Service).Concat(due) : due),
                Workloads = isAllDue ? Workloads(next) : next.Workloads,
            };
            _publish(_current);
        }
    }

    private static bool Take<T>(Dictionary<string, T> held, ConfigurationPart<T> part, Func<T, IEnumerable<Attachment>> attachments, HashSet<NamespacedHostname> due)
    {
        bool isAllDue = false;
        void Touch(T policy)
        {
            foreach (Attachment attachment in attachments(policy))
            {
                isAllDue |= attachment.All;
                int slash = attachment.Service.IndexOf('/', StringComparison.Ordinal);
                if (slash > 0)
                {
                    due.Add(new NamespacedHostname(attachment.Service[..slash], attachment.Service[(slash + 1)..]));
                }
            }
        }

        foreach (string name in part.Removed)
        {
            if (held.Remove(name, out T? old))
            {
                Touch(old);
            }
        }

        foreach ((string name, T policy) in part.Changed)
        {
            if (held.TryGetValue(name, out T? old))
            {
                Touch(old);
            }

            held[name] = policy;
            Touch(policy);
        }

        return isAllDue;
    }

    private ImmutableDictionary<NamespacedHostname, DestinationSettings> Destinations(ConfigurationPart<DestinationSettings> part, ImmutableDictionary<NamespacedHostname, DestinationSettings> before)
    {
        ImmutableDictionary<NamespacedHostname, DestinationSettings>.Builder builder = before.ToBuilder();
        foreach (string name in part.Removed)
        {
            if (_destinations.Remove(name, out NamespacedHostname? service))
            {
                builder.Remove(service);
            }
        }

        foreach ((string name, DestinationSettings settings) in part.Changed)
        {
            NamespacedHostname service = new(settings.Namespace, settings.Hostname);
            _destinations[name] = service;
            builder[service] = _tls.Take(settings, builder.GetValueOrDefault(service));
        }

        return builder.ToImmutable();
    }

    private void Routes(ConfigurationChange change, HashSet<NamespacedHostname> due)
    {
        foreach (string name in change.Routes.Removed)
        {
            if (_routes.Remove(name, out (NamespacedHostname Service, PortTable[] Tables) gone))
            {
                due.Add(gone.Service);
                _sources.Remove(name);
            }
        }

        foreach ((string name, ServiceRoutes routes) in change.Routes.Changed)
        {
            if (!TryCompile(routes, out PortTable[] tables, out string error))
            {
                change.Refuse(name, error);
                continue;
            }

            if (_routes.TryGetValue(name, out (NamespacedHostname Service, PortTable[] Tables) before))
            {
                due.Add(before.Service);
            }

            NamespacedHostname service = new(routes.Namespace, routes.Hostname);
            _routes[name] = (service, tables);

            // For whoever asks what is in force: as bytes it costs a fraction of what it is compiled to.
            _sources[name] = routes.ToByteString();
            due.Add(service);
        }
    }

    private static bool TryCompile(ServiceRoutes routes, out PortTable[] tables, out string error)
    {
        tables = new PortTable[routes.Ports.Count];
        error = "";
        for (int i = 0; i < tables.Length; i++)
        {
            if (!PortTable.TryCompile(routes.Ports[i], out PortTable? table, out string? reason))
            {
                error = reason;
                return false;
            }

            tables[i] = table;
        }

        return true;
    }

    private ImmutableDictionary<NamespacedHostname, ServedService> Services(WaypointConfiguration next, IEnumerable<NamespacedHostname> due)
    {
        NamespacedHostname[] all = [.. due.Distinct()];
        if (all.Length == 0)
        {
            return next.Services;
        }

        ImmutableDictionary<NamespacedHostname, ServedService>.Builder builder = next.Services.ToBuilder();
        ILookup<NamespacedHostname, PortTable[]> tables = _routes.Values.ToLookup(static route => route.Service, static route => route.Tables);
        ILookup<string, AccessPolicy> access = ByScope(_access.Values, static policy => policy.Attachments);
        ILookup<string, TokenPolicy> tokens = ByScope(_tokens.Values, static policy => policy.Attachments);
        string[] domains = Domains(next);
        foreach (NamespacedHostname service in all)
        {
            PortTable[]? ports = tables[service].FirstOrDefault();
            if (ports is null)
            {
                builder.Remove(service);
                continue;
            }

            string name = service.ToString();
            AccessPolicy[] policies = [.. access[""].Concat(access[name]).Distinct()];
            AccessProgram http = new(policies, new AccessContext(domains, IsHttp: true), _problem);
            AccessProgram tcp = new(policies, new AccessContext(domains, IsHttp: false));
            TokenProgram rules = new(tokens[""].Concat(tokens[name]).Distinct(), _problem);
            LimitProgram limits = _limits.For(name);
            builder[service] = new ServedService([.. ports.Select(table => new ServedPort(table, http, tcp, rules) { Service = service, Limits = limits })]);
        }

        return builder.ToImmutable();
    }

    private ServedPort Workloads(WaypointConfiguration next) => DialledRoutes.Serve(
        Domains(next),
        [.. _access.Values.Where(static policy => policy.Attachments.Any(static attachment => attachment.All))],
        _tokens.Values.Where(static policy => policy.Attachments.Any(static attachment => attachment.All)),
        _limits.For(""));

    private string[] Domains(WaypointConfiguration next) => [_trustDomain, .. next.Settings.TrustDomainAliases];

    /// <summary>Policies by the service that they are attached to; the empty name is every service.</summary>
    private static ILookup<string, T> ByScope<T>(IEnumerable<T> policies, Func<T, IEnumerable<Attachment>> attachments) =>
        policies.SelectMany(policy => attachments(policy).Select(attachment => (Scope: attachment.All ? "" : attachment.Service, policy))).ToLookup(static pair => pair.Scope, static pair => pair.policy, StringComparer.Ordinal);
}

using System.Globalization;
using Ambient.ControlPlane.Routing.Inputs;
using Ambient.ControlPlane.Routing.Reading;
using Ambient.ControlPlane.Routing.Services;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Gateways;
using Ambient.Protocol.L7;
using Listener = Ambient.Kubernetes.Resources.Gateways.Listener;

namespace Ambient.ControlPlane.Routing.Edges;

/// <summary>The listeners of a Gateway of the Gateway API, and the routes that are attached to them (control-plane reference 7.6, 8.6). Used once.</summary>
internal sealed class GatewayListeners(EdgeScope edge, EdgeDraft draft, CredentialReader credentials, ProblemList problems)
{
    private const string ModeOption = "gateway.istio.io/tls-terminate-mode";
    private const string CiphersOption = "gateway.istio.io/tls-cipher-suites";

    private static readonly string[] OfRequests = ["HTTPRoute", "GRPCRoute"];
    private readonly ReferenceGrants _grants = new(edge.Grants);
    private readonly GatewayRouteCompiler _routes = new(edge.Scope, new Hosts(edge.Scope), problems);
    private readonly List<ListenerVerdict> _verdicts = [];
    private readonly Dictionary<(ObjectName Route, int Parent), RouteAttachment> _attachments = [];

    /// <summary>What becomes of each listener, in order.</summary>
    public IReadOnlyList<ListenerVerdict> Verdicts => _verdicts;

    /// <summary>What becomes of each route that names the Gateway.</summary>
    public IReadOnlyList<RouteAttachment> Attachments => [.. _attachments.Values];

    /// <summary>Adds the Gateway's ports.</summary>
    public void Compile(Gateway gateway)
    {
        List<Listener> good = [];
        foreach (Listener listener in gateway.Spec.Listeners)
        {
            ListenerVerdict verdict = new(listener.Name) { Unaccepted = Unaccepted(listener) };
            verdict = verdict.Unaccepted is null ? verdict with { Conflict = Conflict(listener, good) } : verdict;
            if (verdict is { Unaccepted: null, Conflict: null })
            {
                good.Add(listener);
                verdict = Open(gateway, listener, verdict);
            }

            _verdicts.Add(verdict);
        }

        NoteStrangers(gateway);
    }

    private static (string Reason, string Message)? Unaccepted(Listener listener)
    {
        string hint = listener.Protocol.ToUpperInvariant() is "HTTP" or "HTTPS" or "TLS" or "TCP" ? $"; did you mean {listener.Protocol.ToUpperInvariant()}?" : "";
        return listener.Protocol is not ("HTTP" or "HTTPS" or "TLS" or "TCP") ? ("UnsupportedProtocol", $"protocol \"{listener.Protocol}\" is not supported; supported are HTTP, HTTPS, TLS and TCP{hint}")
            : listener.Port is 15000 or 15008 or 15020 or 15021 or <= 0 or > 65535 ? ("PortUnavailable", string.Create(CultureInfo.InvariantCulture, $"port {listener.Port} cannot be opened for clients"))
            : null;
    }

    // Those before it that are accepted; a loser blocks nobody.
    private static (string Reason, string Message)? Conflict(Listener listener, List<Listener> before)
    {
        static string Host(Listener of) => of.Hostname is { Length: > 0 } host ? host : "*";
        foreach (Listener other in before.Where(other => other.Port == listener.Port))
        {
            bool isText = (listener.Protocol == "TCP") || (other.Protocol == "TCP");
            bool isOtherWire = (listener.Protocol == "HTTP") != (other.Protocol == "HTTP");
            bool isSameHost = Host(listener).Equals(Host(other), StringComparison.OrdinalIgnoreCase);
            if (isText || isSameHost || isOtherWire)
            {
                string reason = isText || listener.Protocol != other.Protocol ? "ProtocolConflict" : "HostnameConflict";
                return (reason, $"the listener {other.Name} before it has port {listener.Port} already, {(reason == "HostnameConflict" ? "with the same hostname" : $"for {other.Protocol}")}");
            }
        }

        return null;
    }

    private ListenerVerdict Open(Gateway gateway, Listener listener, ListenerVerdict verdict)
    {
        bool isPassed = listener.Tls?.Mode == "Passthrough";
        string[] possible = listener.Protocol switch { "HTTP" or "HTTPS" => OfRequests, "TLS" => isPassed ? ["TLSRoute"] : ["TCPRoute"], _ => ["TCPRoute"] };
        (string[] kinds, verdict) = Kinds(listener, possible, verdict);
        EdgeListener made = new() { Name = listener.Name, Hostnames = { listener.Hostname is { Length: > 0 } host ? host.ToLowerInvariant() : "*" } };
        if (listener.Protocol is "HTTPS" or "TLS")
        {
            made.Tls = new EdgeTls { Passthrough = isPassed };
            verdict = verdict with { Unresolved = Terminate(gateway, listener, made) ?? verdict.Unresolved };
        }

        EdgeProtocol protocol = listener.Protocol switch { "HTTP" => EdgeProtocol.EdgeHttp, "TCP" => EdgeProtocol.EdgeTcp, _ => EdgeProtocol.EdgeTls };
        EdgePort port = draft.Port((ushort)listener.Port, protocol)!;
        port.Listeners.Add(made);
        List<(RoutingObject Route, IReadOnlyList<string> Hosts)> attached = Attach(gateway, listener, kinds);
        if (listener.Protocol is "HTTP" or "HTTPS")
        {
            foreach (string name in attached.SelectMany(static route => route.Hosts).Distinct(StringComparer.Ordinal))
            {
                RoutingObject[] routes = [.. attached.Where(route => route.Hosts.Contains(name, StringComparer.Ordinal)).Select(static route => route.Route)];
                draft.Host(port, made, name, _routes.Http(routes, new RoutedPort((ushort)listener.Port, listener.Name, PortProtocol.Http)));
            }
        }
        else
        {
            draft.Connections(port, made, attached.Select(route => _routes.Connection(route.Route, route.Route.Kind == "TLSRoute" ? route.Hosts : [])).OfType<TcpRoute>());
        }

        made.Broken = verdict.Unresolved is { Reason: not "InvalidRouteKinds" } broken ? broken.Message : "";
        return verdict with { AttachedRoutes = attached.Select(static route => (route.Route.Kind, route.Route.Namespace, route.Route.Name)).Distinct().Count() };
    }

    private static (string[] Kinds, ListenerVerdict Verdict) Kinds(Listener listener, string[] possible, ListenerVerdict verdict)
    {
        if (listener.AllowedRoutes?.Kinds is not { Count: > 0 } wanted)
        {
            return (possible, verdict with { SupportedKinds = possible });
        }

        string[] kinds = [.. wanted.Where(kind => kind.Group is null or "gateway.networking.k8s.io" && possible.Contains(kind.Kind)).Select(static kind => kind.Kind).Where(possible.Contains)];
        (string, string)? unresolved = kinds.Length < wanted.Count ? ("InvalidRouteKinds", $"allowedRoutes.kinds: {listener.Protocol} takes {string.Join(", ", possible)} only") : null;
        return (kinds, verdict with { SupportedKinds = kinds, Unresolved = unresolved });
    }

    private (string Reason, string Message)? Terminate(Gateway gateway, Listener listener, EdgeListener made)
    {
        if (made.Tls.Passthrough)
        {
            return listener.Protocol == "HTTPS" ? ("InvalidCertificateRef", "tls.mode: HTTPS ends TLS, which Passthrough does not") : null;
        }

        string mode = listener.Tls?.Options.Find(ModeOption) ?? "SIMPLE";
        made.Tls.Ciphers.AddRange((listener.Tls?.Options.Find(CiphersOption) ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
        if (mode == "ISTIO_MUTUAL")
        {
            (made.Tls.Mesh, made.Tls.Check) = (true, ClientCheck.CheckRequired);
            return listener.Tls!.CertificateRefs.Count == 0 ? null : ("InvalidCertificateRef", $"tls.certificateRefs: there must be none, since {ModeOption} is ISTIO_MUTUAL: the gateway shows its certificate of the mesh");
        }

        if (mode is not ("SIMPLE" or "MUTUAL" or "OPTIONAL_MUTUAL"))
        {
            return ("InvalidCertificateRef", $"tls.options: {ModeOption} {mode} is not supported; SIMPLE, MUTUAL, OPTIONAL_MUTUAL and ISTIO_MUTUAL are");
        }

        made.Tls.Check = mode switch { "MUTUAL" => ClientCheck.CheckRequired, "OPTIONAL_MUTUAL" => ClientCheck.CheckIfGiven, _ => ClientCheck.CheckNone };
        if (listener.Tls?.CertificateRefs is not { Count: > 0 } references)
        {
            return ("InvalidCertificateRef", "tls.certificateRefs: one is needed");
        }

        foreach (ObjectReference reference in references)
        {
            string home = reference.Namespace.Length > 0 ? reference.Namespace : gateway.Metadata.Namespace;
            if (reference.Kind is not ("" or "Secret"))
            {
                return ("InvalidCertificateRef", $"tls.certificateRefs: {reference.Kind} is not supported, Secret is");
            }

            if (!_grants.Allows("Gateway", gateway.Metadata.Namespace, "", "Secret", home, reference.Name))
            {
                return ("RefNotPermitted", $"tls.certificateRefs: no ReferenceGrant of {home} allows Gateways of {gateway.Metadata.Namespace} the Secret {reference.Name}");
            }

            if (credentials.Certificate(home, reference.Name) is { } broken)
            {
                return ("InvalidCertificateRef", $"tls.certificateRefs: {broken}");
            }

            made.Tls.Credentials.Add($"{home}/{reference.Name}");
        }

        if (made.Tls.Check == ClientCheck.CheckNone)
        {
            return null;
        }

        // As with credentialName: the certificate's own Secret has them, or the one beside it.
        string[] first = made.Tls.Credentials[0].Split('/');
        string? missing = credentials.Authorities(first[0], first[1], out string credential, hasOther: first[0] == gateway.Metadata.Namespace);
        made.Tls.Authorities = credential;
        return missing is null ? null : ("InvalidCertificateRef", $"tls.options: {ModeOption}: {missing}");
    }

    private List<(RoutingObject Route, IReadOnlyList<string> Hosts)> Attach(Gateway gateway, Listener listener, string[] kinds)
    {
        List<(RoutingObject, IReadOnlyList<string>)> attached = [];
        foreach (RoutingObject route in ObjectKinds.SelectMany(edge.Scope.Of))
        {
            SpecReader spec = new(route, new ProblemList());
            HashSet<string> hosts = new(StringComparer.Ordinal);
            foreach ((int at, SpecReader parent) in spec.Objects("parentRefs").Index())
            {
                if (!IsOf(parent, route, gateway))
                {
                    continue;
                }

                (string? reason, string message, IReadOnlyList<string> met) = Judge(route, spec, parent, gateway, listener, kinds);
                Note(route, at, reason, message);
                hosts.UnionWith(met);
            }

            if (hosts.Count > 0)
            {
                attached.Add((route, [.. hosts]));
            }
        }

        return attached;
    }

    private static readonly string[] ObjectKinds = ["HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute"];

    private (string? Reason, string Message, IReadOnlyList<string> Hosts) Judge(RoutingObject route, SpecReader spec, SpecReader parent, Gateway gateway, Listener listener, string[] kinds)
    {
        string section = parent.Text("sectionName");
        if ((section.Length > 0 && section != listener.Name) || (parent.Number("port") is { } port && port != listener.Port))
        {
            return ("NoMatchingParent", "the Gateway has no such listener", []);
        }

        RouteNamespaces? from = listener.AllowedRoutes?.Namespaces;
        bool isAllowed = from?.From switch
        {
            "All" => true,
            "Selector" => from.Selector?.Matches(edge.NamespaceLabels(route.Namespace)) ?? false,
            "None" => false,
            _ => route.Namespace == gateway.Metadata.Namespace,
        };
        if (!isAllowed || !kinds.Contains(route.Kind))
        {
            return ("NotAllowedByListeners", isAllowed ? $"the listener {listener.Name} takes no {route.Kind}" : $"the listener {listener.Name} takes no routes of the namespace {route.Namespace}", []);
        }

        string own = listener.Hostname is { Length: > 0 } host ? host.ToLowerInvariant() : "*";
        IReadOnlyList<string> met = route.Kind == "TCPRoute" ? ["*"] : HostNames.Meet(own, spec.Texts("hostnames"));
        return met.Count == 0 ? ("NoMatchingListenerHostname", $"none of its hostnames is one of the listener {listener.Name}", []) : (null, "Route was valid", met);
    }

    // One listener that takes it is enough; otherwise what comes closest is said.
    private void Note(RoutingObject route, int at, string? reason, string message)
    {
        static int Rank(string? reason) => reason switch { null => 3, "NoMatchingListenerHostname" => 2, "NotAllowedByListeners" => 1, _ => 0 };
        (ObjectName, int) key = (new ObjectName(route.Kind, new ResourceKey(route.Namespace, route.Name)), at);
        if (!_attachments.TryGetValue(key, out RouteAttachment? before) || Rank(reason) > Rank(before.Reason))
        {
            _attachments[key] = new RouteAttachment(key.Item1, at, reason, message);
        }
    }

    // Routes for a Gateway none of whose listeners is any good.
    private void NoteStrangers(Gateway gateway)
    {
        foreach (RoutingObject route in ObjectKinds.SelectMany(edge.Scope.Of))
        {
            SpecReader spec = new(route, new ProblemList());
            foreach ((int at, SpecReader parent) in spec.Objects("parentRefs").Index().Where(item => IsOf(item.Item, route, gateway)))
            {
                Note(route, at, "NoMatchingParent", "the Gateway has no such listener that is accepted");
            }
        }
    }

    private static bool IsOf(SpecReader parent, RoutingObject route, Gateway gateway) =>
        (parent.Has("group") ? parent.Text("group") : "gateway.networking.k8s.io") == "gateway.networking.k8s.io"
        && (parent.Has("kind") ? parent.Text("kind") : "Gateway") == "Gateway"
        && parent.Text("name") == gateway.Metadata.Name
        && (parent.Has("namespace") ? parent.Text("namespace") : route.Namespace) == gateway.Metadata.Namespace;
}

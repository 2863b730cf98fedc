using System.Globalization;
using Ambient.ControlPlane.Routing.Inputs;
using Ambient.ControlPlane.Routing.Reading;
using Ambient.ControlPlane.Routing.Services;
using Ambient.Protocol.L7;

namespace Ambient.ControlPlane.Routing.Edges;

/// <summary>The servers of Istio's Gateways, and the VirtualServices that are bound to them (waypoint reference 7.1, 7.2). Used once.</summary>
internal sealed class GatewayServers(EdgeScope edge, EdgeDraft draft, CredentialReader credentials, ProblemList problems)
{
    private static readonly ushort[] Taken = [15000, 15008, 15020, 15021];
    private readonly HashSet<(uint Port, string Host)> _names = [];
    private readonly Dictionary<uint, Dictionary<string, PlainHost>> _plain = [];

    /// <summary>Adds the ports of all servers, oldest Gateway first.</summary>
    public void Compile()
    {
        foreach (RoutingObject gateway in edge.Servers)
        {
            SpecReader spec = new(gateway, problems);
            _ = spec.Has("selector");
            problems.Use(gateway);
            foreach ((int at, SpecReader server) in spec.Objects("servers").Index())
            {
                Server(gateway, server, at);
            }

            spec.End();
        }

        foreach ((uint number, Dictionary<string, PlainHost> hosts) in _plain)
        {
            EdgePort port = draft.Ports[number];
            EdgeListener listener = new() { Name = "http" };
            port.Listeners.Add(listener);
            foreach ((string host, PlainHost bound) in hosts)
            {
                draft.Host(port, listener, host, Routes(bound.Services, bound.Gateways, bound.Number, bound.IsRedirected), bound.IsGrpcWeb);
            }
        }
    }

    private void Server(RoutingObject gateway, SpecReader server, int at)
    {
        SpecReader? port = server.Object("port");
        uint number = port?.Number("number") ?? 0;
        string declared = port?.Text("protocol") ?? "";
        string name = server.Text("name");
        _ = (port?.Text("name"), port?.Number("targetPort"));
        port?.End();
        server.Unsupported("bind", "all addresses are listened on");
        server.Unsupported("defaultEndpoint", "it has no effect");
        IReadOnlyList<string> hosts = server.Texts("hosts");
        SpecReader? tls = server.Object("tls");
        server.End();
        EdgeProtocol? protocol = declared.ToUpperInvariant() switch
        {
            "HTTP" or "HTTP2" or "GRPC" or "GRPC-WEB" => EdgeProtocol.EdgeHttp,
            "HTTPS" or "TLS" => EdgeProtocol.EdgeTls,
            "TCP" or "MONGO" or "REDIS" or "MYSQL" => tls is null || !tls.Has("mode") ? EdgeProtocol.EdgeTcp : EdgeProtocol.EdgeTls,
            _ => null,
        };
        if (number is 0 or > 65535 || protocol is null || hosts.Count == 0 || Taken.Contains((ushort)number))
        {
            problems.Add(gateway, RoutingProblem.Invalid, $"{server.Path}: port.number, port.protocol and hosts must make sense; port {number}, protocol '{declared}' and {hosts.Count} hosts do not: the server is not opened");
            return;
        }

        if (draft.Port(edge.BindPort((ushort)number), protocol.Value) is not { } opened)
        {
            problems.Add(gateway, RoutingProblem.Invalid, $"{server.Path}: port {number} is taken by an older server with another protocol: the server is not opened");
            return;
        }

        List<(string Host, RoutingObject Service)> bound = Bound(gateway, hosts);
        string[] names = [.. hosts.Select(Dns).Distinct(StringComparer.Ordinal)];
        switch (protocol.Value)
        {
            case EdgeProtocol.EdgeHttp:
                Plain(gateway, opened, (ushort)number, names, bound, tls, declared.Equals("GRPC-WEB", StringComparison.OrdinalIgnoreCase));
                break;
            case EdgeProtocol.EdgeTcp:
                EdgeListener bytes = new() { Name = name.Length > 0 ? name : $"{gateway.Namespace}/{gateway.Name}[{at}]" };
                opened.Listeners.Add(bytes);
                draft.Connections(opened, bytes, Connections(gateway, bound, (ushort)number, isTls: false));
                break;
            default:
                Encrypted(gateway, server, opened, (ushort)number, declared, names, bound, tls, name.Length > 0 ? name : $"{gateway.Namespace}/{gateway.Name}[{at}]");
                break;
        }
    }

    private void Plain(RoutingObject gateway, EdgePort port, ushort number, string[] names, List<(string Host, RoutingObject Service)> bound, SpecReader? tls, bool isGrpcWeb)
    {
        bool redirects = tls?.Flag("httpsRedirect") == true;
        tls?.End();
        if (!_plain.TryGetValue(port.Port, out Dictionary<string, PlainHost>? hosts))
        {
            _plain[port.Port] = hosts = new(StringComparer.Ordinal);
        }

        foreach ((string host, RoutingObject? service) in bound.Select(static pair => (pair.Host, (RoutingObject?)pair.Service)).Concat(redirects ? names.Select(static name => (name, (RoutingObject?)null)) : []))
        {
            PlainHost held = hosts.TryGetValue(host, out PlainHost? known) ? known : hosts[host] = new PlainHost();
            if (service is not null && !held.Services.Contains(service))
            {
                held.Services.Add(service);
            }

            held.Gateways.Add($"{gateway.Namespace}/{gateway.Name}");
            held.IsRedirected |= redirects;
            held.IsGrpcWeb |= isGrpcWeb;
            held.Number = number;
        }
    }

    private void Encrypted(RoutingObject gateway, SpecReader server, EdgePort port, ushort number, string declared, string[] names, List<(string Host, RoutingObject Service)> bound, SpecReader? tls, string name)
    {
        EdgeListener listener = new() { Name = name, Tls = new EdgeTls() };
        foreach (string host in names)
        {
            if (_names.Add((port.Port, host)))
            {
                listener.Hostnames.Add(host);
            }
            else
            {
                problems.Add(gateway, RoutingProblem.NoEffect, $"{server.Path}.hosts: {host} has an older server on port {number}");
            }
        }

        if (listener.Hostnames.Count == 0)
        {
            return;
        }

        string? broken = tls is null ? "tls is missing" : TlsOf(tls, listener.Tls);
        tls?.End();
        if (broken is not null)
        {
            listener.Broken = $"{server.Path}.tls: {broken}";
            problems.Add(gateway, RoutingProblem.Invalid, $"{server.Path}.tls: {broken}: the server is closed");
        }

        port.Listeners.Add(listener);
        HashSet<string> gateways = [$"{gateway.Namespace}/{gateway.Name}"];
        if (listener.Tls.Passthrough || !declared.Equals("HTTPS", StringComparison.OrdinalIgnoreCase))
        {
            draft.Connections(port, listener, Connections(gateway, bound, number, listener.Tls.Passthrough));
            return;
        }

        foreach (IGrouping<string, (string Host, RoutingObject Service)> host in bound.GroupBy(static pair => pair.Host, StringComparer.Ordinal))
        {
            draft.Host(port, listener, host.Key, Routes([.. host.Select(static pair => pair.Service)], gateways, number, isRedirected: false));
        }
    }

    private string? TlsOf(SpecReader tls, EdgeTls made)
    {
        string mode = tls.Text("mode");
        _ = tls.Flag("httpsRedirect");
        foreach (string file in new[] { "serverCertificate", "privateKey", "caCertificates", "tlsCertificates", "caCrl" })
        {
            tls.Unsupported(file, "files of the gateway's pod are not read; use credentialName");
        }

        (made.MinVersion, made.MaxVersion) = (Version(tls.Text("minProtocolVersion")), Version(tls.Text("maxProtocolVersion")));
        made.Ciphers.AddRange(tls.Texts("cipherSuites"));
        made.SubjectAltNames.AddRange(tls.Texts("subjectAltNames"));
        made.KeyHashes.AddRange(tls.Texts("verifyCertificateSpki"));
        made.CertificateHashes.AddRange(tls.Texts("verifyCertificateHash"));
        made.ToleratesBadClients = tls.Flag("insecureSkipVerify");
        string[] names = tls.Text("credentialName") is { Length: > 0 } one ? [one] : [.. tls.Texts("credentialNames")];
        _ = tls.Texts("credentialNames");
        string authorities = tls.Text("caCertCredentialName");
        if (mode == "ISTIO_MUTUAL")
        {
            (made.Mesh, made.Check) = (true, ClientCheck.CheckRequired);
            return names.Length > 0 || authorities.Length > 0 ? "mode ISTIO_MUTUAL shows the gateway's certificate of the mesh; credentialName, credentialNames and caCertCredentialName must not be set"
                : made.ToleratesBadClients ? "mode ISTIO_MUTUAL is for clients of the mesh; insecureSkipVerify must not be set"
                : null;
        }

        switch (mode)
        {
            case "" or "PASSTHROUGH":
                made.Passthrough = true;
                return null;
            case "SIMPLE":
                break;
            case "MUTUAL":
                made.Check = ClientCheck.CheckRequired;
                break;
            case "OPTIONAL_MUTUAL":
                made.Check = ClientCheck.CheckIfGiven;
                break;
            case "AUTO_PASSTHROUGH":
                // Whoever gets such bytes must end that TLS; an app that does not would be open to everybody outside.
                return "mode AUTO_PASSTHROUGH is not supported: it leads to sidecars, which end the mesh's TLS themselves, and endpoints of an ambient mesh do not; clients of other networks come in by a Gateway of class istio-east-west, others by PASSTHROUGH and a VirtualService";
            default:
                return $"mode {mode} is not supported; PASSTHROUGH, SIMPLE, MUTUAL, OPTIONAL_MUTUAL and ISTIO_MUTUAL are";
        }

        if (names.Length is 0 or > 2)
        {
            return "credentialName is needed";
        }

        foreach (string name in names)
        {
            if (credentials.Certificate(edge.Scope.Namespace, name) is { } broken)
            {
                return broken;
            }

            made.Credentials.Add($"{edge.Scope.Namespace}/{name}");
        }

        if (made.Check == ClientCheck.CheckNone || (made.ToleratesBadClients && authorities.Length == 0))
        {
            return null;
        }

        string? missing = credentials.Authorities(edge.Scope.Namespace, authorities.Length > 0 ? authorities : names[0], out string credential, hasOther: authorities.Length == 0);
        made.Authorities = credential;
        return missing;
    }

    private static uint Version(string text) => text switch { "TLSV1_2" => 0x0303, "TLSV1_3" => 0x0304, _ => 0 };

    private IReadOnlyList<CandidateRoute> Routes(IReadOnlyList<RoutingObject> services, HashSet<string> gateways, ushort number, bool isRedirected)
    {
        VirtualServiceCompiler compiler = new(edge.Scope with { Gateways = gateways }, new Hosts(edge.Scope), problems);
        List<CandidateRoute> routes = [];
        if (isRedirected)
        {
            HttpAction toHttps = new() { Redirect = new Redirect { Scheme = "https", Status = 301 } };
            routes.Add(new CandidateRoute("https-redirect", new HttpMatch { Scheme = new TextMatch { Exact = "http" } }, toHttps));
        }

        foreach (RoutingObject service in services)
        {
            problems.Use(service);
            routes.AddRange(compiler.Http(service, number));
        }

        return routes;
    }

    private List<TcpRoute> Connections(RoutingObject gateway, List<(string Host, RoutingObject Service)> bound, ushort number, bool isTls)
    {
        VirtualServiceCompiler compiler = new(edge.Scope with { Gateways = new HashSet<string>(StringComparer.Ordinal) { $"{gateway.Namespace}/{gateway.Name}" } }, new Hosts(edge.Scope), problems);
        RoutedService nobody = new("", "", "", IsEntry: false, []);
        List<TcpRoute> routes = [];
        foreach (RoutingObject service in bound.Select(static pair => pair.Service).Distinct())
        {
            problems.Use(service);
            (IReadOnlyList<TcpRoute> tls, IReadOnlyList<TcpRoute> tcp) = compiler.Connections(service, nobody, number);
            routes.AddRange(isTls ? tls : tcp);
        }

        return routes;
    }

    /// <summary>VirtualServices that name the Gateway, once for each host that they have in common with the server; oldest first.</summary>
    private List<(string Host, RoutingObject Service)> Bound(RoutingObject gateway, IReadOnlyList<string> hosts)
    {
        List<(string, RoutingObject)> bound = [];
        string full = $"{gateway.Namespace}/{gateway.Name}";
        foreach (RoutingObject service in edge.Scope.Of("VirtualService"))
        {
            SpecReader spec = new(service, new ProblemList());
            IReadOnlyList<string> exports = spec.Texts("exportTo");
            bool isNamed = spec.Texts("gateways").Any(name => (name.Contains('/', StringComparison.Ordinal) ? name : $"{service.Namespace}/{name}") == full);
            bool isExported = exports.Count == 0 || exports.Any(to => to == "*" || to == edge.Scope.Namespace || (to == "." && service.Namespace == edge.Scope.Namespace));
            if (!isNamed || !isExported)
            {
                continue;
            }

            foreach (string host in hosts.Where(host => IsFor(host, gateway.Namespace, service.Namespace)))
            {
                foreach (string met in spec.Texts("hosts").Select(own => HostNames.Meet(Dns(host), Reading.Hosts.Full(own, service.Namespace, edge.Scope.ClusterDomain))).OfType<string>())
                {
                    if (!bound.Contains((met, service)))
                    {
                        bound.Add((met, service));
                    }
                }
            }
        }

        return bound;
    }

    // namespace/host: which namespaces' VirtualServices may be bound.
    private static bool IsFor(string host, string own, string @namespace) => host.IndexOf('/', StringComparison.Ordinal) is var slash && (slash < 0 || host[..slash] switch
    {
        "*" => true,
        "." => @namespace == own,
        var named => named == @namespace,
    });

    private static string Dns(string host) => host[(host.IndexOf('/', StringComparison.Ordinal) + 1)..].ToLower(CultureInfo.InvariantCulture);

    /// <summary>A host of a port without TLS, from all servers that name it.</summary>
    private sealed class PlainHost
    {
        public List<RoutingObject> Services { get; } = [];

        public HashSet<string> Gateways { get; } = [];

        public bool IsRedirected { get; set; }

        public bool IsGrpcWeb { get; set; }

        public ushort Number { get; set; }
    }
}

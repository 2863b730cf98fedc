using System.Globalization;
using System.Text;
using Ambient.ControlPlane.Routing.Inputs;
using Ambient.ControlPlane.Routing.Reading;
using Ambient.Protocol.L7;

namespace Ambient.ControlPlane.Routing.Services;

/// <summary>Filters, backends, timeouts and retries of HTTPRoute and GRPCRoute (waypoint reference 2.4.1, 2.4.2).</summary>
internal sealed class GatewayRouteFilters(Hosts hosts)
{
    /// <summary>What a rule does. A rule that cannot be done answers 500: a filter must never be skipped.</summary>
    public HttpAction Read(SpecReader rule, bool isGrpc)
    {
        HttpAction action = new() { Retry = rule.Object("retry") is { } retry ? Retry(retry) : RetryDefaults.Of(hosts.Defaults) };
        Timeouts(rule.Object("timeouts"), action, rule.Has("retry"));
        rule.Unsupported("sessionPersistence", "requests of a session may go to any endpoint");
        bool isBroken = false;
        foreach (SpecReader filter in rule.Objects("filters"))
        {
            isBroken |= !Filter(filter, action, isGrpc, ofBackend: false);
        }

        foreach (SpecReader backend in rule.Objects("backendRefs"))
        {
            WeightedTarget target = Backend(backend, rule.Source.Namespace);
            HttpAction own = new();
            foreach (SpecReader filter in backend.Objects("filters"))
            {
                isBroken |= !Filter(filter, own, isGrpc, ofBackend: true);
            }

            backend.End();
            (target.Request, target.Response) = (own.Request, own.ResponseEdits);
            action.Targets.Add(target);
        }

        if (isBroken)
        {
            (action.Redirect, action.Cors) = (null, null);
            action.Mirrors.Clear();
            action.Targets.Clear();
        }

        if (action.Redirect is null && action.Targets.All(target => target.Weight == 0))
        {
            action.Targets.Clear();
            action.Targets.Add(new WeightedTarget { Weight = 1, FailStatus = 500 });
        }

        return action;
    }

    /// <summary>A backend with its weight; one that does not exist fails its share.</summary>
    public WeightedTarget Backend(SpecReader backend, string @namespace)
    {
        uint weight = backend.Number("weight") ?? 1;
        Destination? destination = Reference(backend, @namespace, out string reason, out string problem);
        if (destination is not null)
        {
            return new WeightedTarget { Weight = weight, Destination = destination };
        }

        backend.Problems.Add(backend.Source, reason, $"{backend.Path}: {problem}; its share is answered 500");
        return new WeightedTarget { Weight = weight, FailStatus = 500 };
    }

    private Destination? Reference(SpecReader backend, string @namespace, out string reason, out string problem)
    {
        string group = backend.Text("group");
        string kind = backend.Has("kind") ? backend.Text("kind") : "Service";
        string name = backend.Text("name");
        string home = backend.Has("namespace") ? backend.Text("namespace") : @namespace;
        uint? port = backend.Number("port");
        RoutedService? service = (group, kind) switch
        {
            ("" or "core", "Service") => hosts.Find(home, name, isEntry: false),
            ("networking.istio.io", "ServiceEntry") => hosts.Find(home, name, isEntry: true),
            ("networking.istio.io", "Hostname") => hosts.Find(name.ToLowerInvariant()),
            _ => null,
        };
        if (service is null)
        {
            bool isKnown = (group, kind) is ("" or "core", "Service") or ("networking.istio.io", "ServiceEntry" or "Hostname");
            reason = isKnown ? RoutingProblem.BackendNotFound : RoutingProblem.InvalidKind;
            problem = isKnown ? $"there is no {kind} {name} in {home}" : $"{group}/{kind} cannot be a backend";
            return null;
        }

        if (home != @namespace && !hosts.IsGranted(backend.Source, group == "core" ? "" : group, kind, home, name))
        {
            reason = RoutingProblem.RefNotPermitted;
            problem = $"no ReferenceGrant of {home} allows {backend.Source.Kind} of {@namespace} the {kind} {name}";
            return null;
        }

        if (port is null || service.Ports.All(candidate => candidate.Number != port))
        {
            reason = RoutingProblem.BackendNotFound;
            problem = port is null ? "port is required" : $"{kind} {name} has no port {port}";
            return null;
        }

        reason = problem = "";
        return service.At(port.Value);
    }

    private static void Timeouts(SpecReader? timeouts, HttpAction action, bool retries)
    {
        if (timeouts is null)
        {
            return;
        }

        ulong request = timeouts.Milliseconds("request") ?? 0;
        ulong backend = timeouts.Milliseconds("backendRequest") ?? 0;
        timeouts.End();
        action.TimeoutMs = request;
        if (retries)
        {
            action.Retry.PerTryTimeoutMs = backend;
        }
        else if (backend > 0)
        {
            // Without retries one try is all there is: the smaller limit holds (Q10).
            action.TimeoutMs = request == 0 ? backend : Math.Min(request, backend);
        }
    }

    private static RetryPolicy Retry(SpecReader retry)
    {
        RetryPolicy policy = RetryDefaults.Make();
        policy.Attempts = retry.Number("attempts") ?? 2;
        policy.BackoffMs = retry.Milliseconds("backoff") ?? 0;
        policy.Codes.AddRange(retry.Numbers("codes"));
        retry.End();

        // Users of this API expect a reset or a slow backend to be tried again as well.
        policy.Conditions.Add("reset");
        return policy;
    }

    private bool Filter(SpecReader filter, HttpAction action, bool isGrpc, bool ofBackend)
    {
        string type = filter.Text("type");
        switch (type)
        {
            case "RequestHeaderModifier":
                return TryModifier(filter.Object("requestHeaderModifier"), filter, edits => action.Request = edits);
            case "ResponseHeaderModifier":
                return TryModifier(filter.Object("responseHeaderModifier"), filter, edits => action.ResponseEdits = edits);
            case "RequestMirror" when !ofBackend && filter.Object("requestMirror") is { } mirror:
                return Mirror(mirror, action) || !isGrpc;
            case "RequestRedirect" when !ofBackend && !isGrpc && filter.Object("requestRedirect") is { } redirect:
                action.Redirect = Redirect(redirect);
                return true;
            case "URLRewrite" when !ofBackend && !isGrpc && filter.Object("urlRewrite") is { } rewrite:
                action.Rewrite = Rewrite(rewrite);
                return true;
            case "CORS" when !ofBackend && !isGrpc && filter.Object("cors") is { } cors:
                action.Cors = Cors(cors);
                return true;
            default:
                filter.Problems.Add(filter.Source, RoutingProblem.InvalidFilter, $"{filter.Path}: the filter {type} is not supported here; the rule answers 500");
                return false;
        }
    }

    private static bool TryModifier(SpecReader? modifier, SpecReader filter, Action<HeaderEdits> take)
    {
        HeaderEdits edits = new();
        if (modifier is not null)
        {
            edits.Remove.AddRange(modifier.Texts("remove"));
            edits.Set.AddRange(Values(modifier.Objects("set")));
            edits.Add.AddRange(Values(modifier.Objects("add")));
            modifier.End();
        }

        if (Ambient.Routing.Actions.HeaderEditor.TryCompile(edits, out _, out string? error))
        {
            take(edits);
            return true;
        }

        filter.Problems.Add(filter.Source, RoutingProblem.InvalidFilter, $"{filter.Path}: {error}; the rule answers 500");
        return false;
    }

    // Percent signs mean nothing in this API, and of one name the first counts.
    private static IEnumerable<HeaderValue> Values(IReadOnlyList<SpecReader> items) => items
        .Select(item => new HeaderValue { Name = item.Text("name"), Value = item.Text("value").Replace("%", "%%", StringComparison.Ordinal) })
        .DistinctBy(value => value.Name, StringComparer.OrdinalIgnoreCase);

    private bool Mirror(SpecReader mirror, HttpAction action)
    {
        uint share = (mirror.Number("percent") * 10_000) ?? 1_000_000;
        if (mirror.Object("fraction") is { } fraction)
        {
            share = (uint)(1_000_000.0 * (fraction.Number("numerator") ?? 0) / Math.Max(1, fraction.Number("denominator") ?? 100));
        }

        SpecReader? backend = mirror.Object("backendRef");
        WeightedTarget? target = backend is null ? null : Backend(backend, mirror.Source.Namespace);
        if (target?.Destination is { } destination)
        {
            action.Mirrors.Add(new Mirror { Destination = destination, Share = share });
            return true;
        }

        return false;
    }

    private static Redirect Redirect(SpecReader redirect)
    {
        string scheme = redirect.Text("scheme");
        uint? port = redirect.Number("port");
        Redirect result = new()
        {
            Scheme = scheme,
            Authority = redirect.Text("hostname"),
            Status = redirect.Number("statusCode") ?? 302,
            BySegment = true,
            Port = port ?? (scheme switch { "https" => 443u, "http" => 80u, _ => 0u }),
            RequestPort = port is null && scheme.Length == 0,
        };
        if (redirect.Object("path") is { } path)
        {
            if (path.Text("type") == "ReplaceFullPath")
            {
                result.FullPath = path.Text("replaceFullPath");
            }
            else
            {
                result.Prefix = path.Text("replacePrefixMatch");
            }

            path.End();
        }

        redirect.End();
        return result;
    }

    private static Rewrite Rewrite(SpecReader rewrite)
    {
        Rewrite result = new() { Authority = rewrite.Text("hostname"), BySegment = true };
        if (rewrite.Object("path") is { } path)
        {
            if (path.Text("type") == "ReplaceFullPath")
            {
                result.FullPath = path.Text("replaceFullPath");
            }
            else
            {
                result.Prefix = path.Text("replacePrefixMatch");
            }

            path.End();
        }

        rewrite.End();
        return result;
    }

    private static Cors Cors(SpecReader cors)
    {
        Cors result = new()
        {
            Methods = string.Join(',', cors.Texts("allowMethods")),
            Headers = string.Join(',', cors.Texts("allowHeaders")),
            Expose = string.Join(',', cors.Texts("exposeHeaders")),
            Credentials = cors.Flag("allowCredentials"),
            MaxAge = (cors.Number("maxAge") ?? 5).ToString(CultureInfo.InvariantCulture),
        };
        result.Origins.AddRange(cors.Texts("allowOrigins").Select(Origin));
        cors.End();
        return result;
    }

    private static TextMatch Origin(string origin)
    {
        if (!origin.Contains('*', StringComparison.Ordinal) || origin == "*")
        {
            return origin == "*" ? new TextMatch { Present = true } : new TextMatch { Exact = origin };
        }

        StringBuilder pattern = new();
        foreach (char c in origin)
        {
            pattern.Append(c == '*' ? ".*" : System.Text.RegularExpressions.Regex.Escape(c.ToString()));
        }

        return new TextMatch { Regex = pattern.ToString() };
    }
}

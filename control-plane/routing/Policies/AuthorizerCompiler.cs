using System.Globalization;
using Ambient.ControlPlane.Routing.Inputs;
using Ambient.ControlPlane.Routing.Reading;
using Ambient.Protocol.L7;

namespace Ambient.ControlPlane.Routing.Policies;

/// <summary>External authorisers from the mesh's extension providers (waypoint reference 2.6.8). Never fails open.</summary>
internal sealed class AuthorizerCompiler(WaypointScope scope, Hosts hosts, ProblemList problems)
{
    private const uint MaxBody = 1024 * 1024;

    /// <summary>The authorisers among the providers that policies of this waypoint name.</summary>
    public IReadOnlyList<Authorizer> Compile(IReadOnlyCollection<AccessPolicy> policies)
    {
        HashSet<string> named = [.. policies.Where(policy => policy.Action == AccessAction.Custom).Select(policy => policy.Provider)];
        List<Authorizer> authorizers = [];
        foreach (SpecReader provider in scope.ExtensionProviders.Select(Provider))
        {
            string name = provider.Text("name");
            if (!named.Contains(name) || authorizers.Exists(other => other.Name == name))
            {
                continue;
            }

            if (provider.Object("envoyExtAuthzHttp") is { } http)
            {
                authorizers.Add(Http(name, http));
            }
            else if (provider.Object("envoyExtAuthzGrpc") is { } grpc)
            {
                authorizers.Add(Common(name, grpc, isGrpc: true));
                _ = grpc.Flag("clearRouteCache");
                grpc.End();
            }
        }

        Check(policies, authorizers);
        return authorizers;
    }

    private SpecReader Provider(System.Text.Json.JsonElement provider, int index) => new(
        new RoutingObject("MeshConfig", scope.RootNamespace, "istio", DateTimeOffset.UnixEpoch, provider),
        problems,
        string.Create(CultureInfo.InvariantCulture, $"extensionProviders[{index}]"));

    private Authorizer Http(string name, SpecReader http)
    {
        Authorizer authorizer = Common(name, http, isGrpc: false);
        authorizer.PathPrefix = http.Text("pathPrefix");
        authorizer.RequestFields.AddRange(http.Texts("includeRequestHeadersInCheck").Concat(http.Texts("includeHeadersInCheck")).Select(Name));
        authorizer.AdditionalFields.AddRange(http.Map("includeAdditionalHeadersInCheck").Select(field => new HeaderValue { Name = field.Key, Value = field.Value }));
        authorizer.UpstreamFields.AddRange(http.Texts("headersToUpstreamOnAllow").Select(Name));
        authorizer.ClientFieldsOnAllow.AddRange(http.Texts("headersToDownstreamOnAllow").Select(Name));
        authorizer.ClientFieldsOnDeny.AddRange(http.Texts("headersToDownstreamOnDeny").Select(Name));
        if (authorizer.PathPrefix.Length > 0 && !authorizer.PathPrefix.StartsWith('/'))
        {
            http.Invalid("pathPrefix", "must begin with a slash; requests are denied");
            authorizer.Service = null;
        }

        http.End();
        return authorizer;
    }

    private Authorizer Common(string name, SpecReader spec, bool isGrpc)
    {
        Authorizer authorizer = new()
        {
            Name = name,
            IsGrpc = isGrpc,
            Service = Service(spec),
            TimeoutMs = spec.Milliseconds("timeout") ?? 0,
            FailOpen = spec.Flag("failOpen"),
            StatusOnError = Status(spec),
        };
        if (spec.Object("includeRequestBodyInCheck") is { } body)
        {
            uint most = body.Number("maxRequestBytes") ?? 0;
            if (most == 0)
            {
                body.Invalid("maxRequestBytes", "must be at least 1; bodies are not shown");
            }
            else if (most > MaxBody)
            {
                body.Invalid("maxRequestBytes", string.Create(CultureInfo.InvariantCulture, $"is at most {MaxBody} here, which is used instead"));
            }

            authorizer.Body = new AuthorizerBody { MaxBytes = Math.Min(most, MaxBody), AllowPartial = body.Flag("allowPartialMessage"), AsBytes = body.Flag("packAsBytes") };
            body.End();
        }

        return authorizer;
    }

    private Destination? Service(SpecReader spec)
    {
        string[] words = spec.Text("service").Split('/', 2);
        uint port = spec.Number("port") ?? 0;
        string hostname = hosts.Full(words[^1], scope.RootNamespace);
        // A Service before ServiceEntries: nobody makes himself the judge by claiming the host.
        RoutedService? service = scope.Directory.OfHost(hostname).OrderBy(s => s.IsEntry).ThenByDescending(s => s.Namespace == scope.Namespace).ThenBy(s => s.Namespace, StringComparer.Ordinal).FirstOrDefault(s => words.Length == 1 || s.Namespace == words[0]);
        if (service is null || port is 0 or > ushort.MaxValue)
        {
            string what = service is null ? $"there is no service {spec.Text("service")} that this waypoint can see" : "its port is missing";
            problems.Add(spec.Source, RoutingProblem.BackendNotFound, $"{spec.Path}.service: {what}; requests that it should be asked about are denied");
            return null;
        }

        return new Destination { Namespace = service.Namespace, Hostname = service.Hostname, Port = port };
    }

    private static uint Status(SpecReader spec)
    {
        string text = spec.Text("statusOnError");
        if (text.Length == 0)
        {
            return 403;
        }

        if (uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out uint status) && status is >= 200 and < 600)
        {
            return status;
        }

        spec.Invalid("statusOnError", $"'{text}' is no status; 403 is used");
        return 403;
    }

    private void Check(IReadOnlyCollection<AccessPolicy> policies, List<Authorizer> authorizers)
    {
        foreach (AccessPolicy policy in policies.Where(policy => policy.Action == AccessAction.Custom))
        {
            if (!authorizers.Exists(authorizer => authorizer.Name == policy.Provider))
            {
                Say(policy, $"spec.provider.name: the mesh has no extension provider '{policy.Provider}' that authorises; what the rules match is denied");
            }

            AccessPolicy? other = policies.FirstOrDefault(o => o.Action == AccessAction.Custom && o.Provider != policy.Provider && !o.DryRun && !policy.DryRun && Share(o, policy));
            if (other is not null)
            {
                Say(policy, $"spec.provider.name: {other.Namespace}/{other.Name} asks another provider about the same service; what either matches is denied there");
            }
        }
    }

    private static bool Share(AccessPolicy one, AccessPolicy other) =>
        one.Attachments.Any(a => a.All) || other.Attachments.Any(a => a.All) || one.Attachments.Select(a => a.Service).Intersect(other.Attachments.Select(a => a.Service)).Any();

    private void Say(AccessPolicy policy, string message) => problems.Add(new RoutingProblem("AuthorizationPolicy", policy.Namespace, policy.Name, RoutingProblem.Invalid, message));

    // A name, the beginning of names, or their end.
    private static TextMatch Name(string pattern) => pattern switch
    {
        "*" => new TextMatch { Present = true },
        _ when pattern.EndsWith('*') => new TextMatch { Prefix = pattern[..^1].ToLowerInvariant() },
        _ when pattern.StartsWith('*') => new TextMatch { Suffix = pattern[1..].ToLowerInvariant() },
        _ => new TextMatch { Exact = pattern.ToLowerInvariant() },
    };
}

using System.Globalization;
using Ambient.ControlPlane.Routing.Inputs;
using Ambient.ControlPlane.Routing.Reading;
using Ambient.Protocol.L7;
using Google.Protobuf;

namespace Ambient.ControlPlane.Routing.Services;

/// <summary>What a VirtualService's HTTP rule does (waypoint reference 2.1.2 to 2.1.5).</summary>
internal sealed class VirtualServiceActions(Hosts hosts)
{
    private static readonly Dictionary<string, uint> GrpcCodes = new(StringComparer.Ordinal)
    {
        ["OK"] = 0,
        ["CANCELLED"] = 1,
        ["UNKNOWN"] = 2,
        ["INVALID_ARGUMENT"] = 3,
        ["DEADLINE_EXCEEDED"] = 4,
        ["NOT_FOUND"] = 5,
        ["ALREADY_EXISTS"] = 6,
        ["PERMISSION_DENIED"] = 7,
        ["RESOURCE_EXHAUSTED"] = 8,
        ["FAILED_PRECONDITION"] = 9,
        ["ABORTED"] = 10,
        ["OUT_OF_RANGE"] = 11,
        ["UNIMPLEMENTED"] = 12,
        ["INTERNAL"] = 13,
        ["UNAVAILABLE"] = 14,
        ["DATA_LOSS"] = 15,
        ["UNAUTHENTICATED"] = 16,
    };

    /// <summary>The action of a rule on one port; a rule that cannot be done answers 500.</summary>
    public HttpAction Read(SpecReader rule, ushort port)
    {
        string @namespace = rule.Source.Namespace;
        HttpAction action = new() { TimeoutMs = rule.Milliseconds("timeout") ?? 0, Retry = rule.Object("retries") is { } retries ? RetryPolicies.Read(retries) : RetryDefaults.Of(hosts.Defaults), Fault = Fault(rule.Object("fault")), Cors = Cors(rule.Object("corsPolicy")) };
        if (rule.Object("headers") is { } headers)
        {
            (action.Request, action.ResponseEdits) = Edits(headers);
        }

        action.Redirect = Redirect(rule.Object("redirect"));
        action.Response = Direct(rule.Object("directResponse"));
        action.Rewrite = Rewrite(rule.Object("rewrite"));
        foreach (SpecReader destination in rule.Objects("route"))
        {
            action.Targets.Add(Target(destination, @namespace, port));
        }

        // A single destination gets everything, whatever its weight.
        VirtualServiceCompiler.OneTargetIsAll(action.Targets);
        Mirrors(rule, @namespace, port, action);
        if (action.Redirect is null && action.Response is null && action.Targets.All(target => target.Weight == 0))
        {
            rule.Problems.Add(rule.Source, RoutingProblem.Invalid, $"{rule.Path} has nowhere to go; the rule answers 500");
            action.Targets.Clear();
            (action.Redirect, action.Response) = (null, null);
            action.Targets.Add(new WeightedTarget { Weight = 1, FailStatus = 500 });
        }

        return action;
    }

    public static (HeaderEdits? Request, HeaderEdits? Response) Edits(SpecReader headers)
    {
        (HeaderEdits?, HeaderEdits?) edits = (One(headers.Object("request")), One(headers.Object("response")));
        headers.End();
        return edits;
    }

    private static HeaderEdits? One(SpecReader? headers)
    {
        if (headers is null)
        {
            return null;
        }

        HeaderEdits edits = new();
        edits.Remove.AddRange(headers.Texts("remove"));
        edits.Set.AddRange(headers.Map("set").Select(pair => new HeaderValue { Name = pair.Key, Value = pair.Value }));
        edits.Add.AddRange(headers.Map("add").Select(pair => new HeaderValue { Name = pair.Key, Value = pair.Value }));
        headers.End();
        return edits;
    }

    private static Fault? Fault(SpecReader? fault)
    {
        if (fault is null)
        {
            return null;
        }

        Fault result = new();
        if (fault.Object("delay") is { } delay)
        {
            result.DelayMs = delay.Milliseconds("fixedDelay") ?? 0;
            result.DelayShare = delay.Share("percentage") ?? (delay.Number("percent") * 10_000) ?? 0;
            delay.Unsupported("exponentialDelay", "no request is delayed");
            delay.End();
        }

        if (fault.Object("abort") is { } abort)
        {
            result.AbortShare = abort.Share("percentage") ?? 0;
            result.AbortStatus = abort.Number("httpStatus") ?? 0;
            string grpc = abort.Text("grpcStatus");
            if (grpc.Length > 0)
            {
                result.AbortIsGrpc = true;
                if (GrpcCodes.TryGetValue(grpc, out uint code))
                {
                    result.AbortStatus = code;
                }
                else
                {
                    abort.Invalid("grpcStatus", $"'{grpc}' is no gRPC status such as UNAVAILABLE; requests are not aborted");
                    result.AbortShare = 0;
                }
            }

            else if (result.AbortStatus is < 200 or > 599)
            {
                abort.Invalid("httpStatus", abort.Has("httpStatus") ? $"{result.AbortStatus} is no status from 200 to 599; requests are not aborted" : "or grpcStatus is needed; requests are not aborted");
                (result.AbortShare, result.AbortStatus) = (0, 0);
            }

            abort.Unsupported("http2Error", "no request is aborted by it");
            abort.End();
        }

        fault.End();
        return result;
    }

    private static Cors? Cors(SpecReader? cors)
    {
        if (cors is null)
        {
            return null;
        }

        Cors result = new()
        {
            Methods = string.Join(',', cors.Texts("allowMethods")),
            Headers = string.Join(',', cors.Texts("allowHeaders")),
            Expose = string.Join(',', cors.Texts("exposeHeaders")),
            Credentials = cors.Flag("allowCredentials"),
            MaxAge = cors.Milliseconds("maxAge") is { } age ? (age / 1000).ToString(CultureInfo.InvariantCulture) : "",
            ForwardUnmatched = cors.Text("unmatchedPreflights") is "" or "UNSPECIFIED" or "FORWARD",
        };
        result.Origins.AddRange(cors.Texts("allowOrigin").Select(origin => new TextMatch { Exact = origin }));
        foreach (SpecReader origin in cors.Objects("allowOrigins"))
        {
            result.Origins.Add(origin.Has("exact") ? new TextMatch { Exact = origin.Text("exact") } : origin.Has("prefix") ? new TextMatch { Prefix = origin.Text("prefix") } : new TextMatch { Regex = origin.Text("regex") });
            origin.End();
        }

        cors.End();
        return result;
    }

    private static Redirect? Redirect(SpecReader? redirect)
    {
        if (redirect is null)
        {
            return null;
        }

        Redirect result = new()
        {
            Scheme = redirect.Text("scheme"),
            Authority = redirect.Text("authority"),
            Port = redirect.Number("port") ?? 0,
            RequestPort = redirect.Text("derivePort") == "FROM_REQUEST_PORT",
            Status = redirect.Number("redirectCode") is { } code and not 0 ? code : 301,
        };
        if (redirect.Has("uri"))
        {
            result.FullPath = redirect.Text("uri");
        }
        else if (redirect.Has("prefixRewrite"))
        {
            result.Prefix = redirect.Text("prefixRewrite");
        }

        redirect.End();
        if (result.Status is 301 or 302 or 303 or 307 or 308)
        {
            return result;
        }

        redirect.Invalid("redirectCode", $"{result.Status} is none of 301, 302, 303, 307, 308; the rule answers 500");
        return null;
    }

    private static DirectResponse? Direct(SpecReader? direct)
    {
        if (direct is null)
        {
            return null;
        }

        DirectResponse response = new() { Status = direct.Number("status") ?? 0 };
        if (direct.Object("body") is { } body)
        {
            string bytes = body.Text("bytes");
            try
            {
                response.Body = bytes.Length > 0 ? ByteString.FromBase64(bytes) : ByteString.CopyFromUtf8(body.Text("string"));
            }
            catch (FormatException)
            {
                body.Invalid("bytes", "is not Base64; the body is empty");
            }

            body.End();
        }

        direct.End();
        if (response.Status is >= 200 and < 600 && response.Body.Length <= Ambient.Routing.Actions.RouteAction.MaxBody)
        {
            return response;
        }

        direct.Invalid("status", "and body must be from 200 to 599 and at most 1 MiB; the rule answers 500");
        return null;
    }

    private static Rewrite? Rewrite(SpecReader? rewrite)
    {
        if (rewrite is null)
        {
            return null;
        }

        Rewrite result = new() { Authority = rewrite.Text("authority") };
        if (rewrite.Object("uriRegexRewrite") is { } regex)
        {
            result.Regex = new RegexRewrite { Pattern = regex.Text("match"), Substitution = regex.Text("rewrite") };
            regex.End();
        }
        else if (rewrite.Has("uri"))
        {
            // What a prefix is replaced by, and what an exact path is: the match decides, see VirtualServiceCompiler.
            result.Prefix = rewrite.Text("uri");
        }

        rewrite.End();
        return result;
    }

    private WeightedTarget Target(SpecReader route, string @namespace, ushort port)
    {
        WeightedTarget target = new() { Weight = route.Number("weight") ?? 0 };
        if (route.Object("destination") is { } destination)
        {
            target.Destination = hosts.Destination(destination, @namespace, port);
            destination.End();
        }

        if (route.Object("headers") is { } headers)
        {
            (target.Request, target.Response) = Edits(headers);
        }

        route.End();
        return target;
    }

    private void Mirrors(SpecReader rule, string @namespace, ushort port, HttpAction action)
    {
        uint share = rule.Share("mirrorPercentage") ?? (rule.Number("mirrorPercent") * 10_000) ?? 1_000_000;
        if (rule.Object("mirror") is { } mirror)
        {
            action.Mirrors.Add(new Mirror { Destination = hosts.Destination(mirror, @namespace, port), Share = share });
            mirror.End();
        }

        foreach (SpecReader item in rule.Objects("mirrors"))
        {
            uint itemShare = item.Share("percentage") ?? 1_000_000;
            if (item.Object("destination") is { } destination)
            {
                action.Mirrors.Add(new Mirror { Destination = hosts.Destination(destination, @namespace, port), Share = itemShare });
                destination.End();
            }

            item.End();
        }
    }
}

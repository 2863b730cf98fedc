using System.Diagnostics.CodeAnalysis;
using Ambient.Protocol.L7;

namespace Ambient.Routing.Actions;

/// <summary>What a route does: redirect, answer, or forward, in this order of precedence (waypoint reference 2.1.2). Immutable.</summary>
public sealed class RouteAction
{
    /// <summary>The largest body of a direct response, bytes.</summary>
    public const int MaxBody = 1024 * 1024;

    private const uint MostGrpcStatus = 16;

    private RouteAction(HttpAction source, HeaderEditor request, HeaderEditor response, PathRewrite? rewrite, CorsRule? cors)
    {
        Targets = new TargetChoice(source.Targets);
        Redirect = source.Redirect is null ? null : new RedirectRule(source.Redirect);
        DirectStatus = (int)(source.Response?.Status ?? 0);
        DirectBody = source.Response?.Body.Memory ?? default;
        Request = request;
        Response = response;
        Rewrite = rewrite;
        Timeout = TimeSpan.FromMilliseconds(source.TimeoutMs);
        Retry = source.Retry is { Attempts: > 0 } ? new RetryRule(source.Retry) : null;
        Fault = source.Fault is null ? null : new FaultRule(source.Fault);
        Mirrors = [.. source.Mirrors.Where(mirror => mirror.Destination is not null && mirror.Share > 0).Select(mirror => new MirrorRule(mirror))];
        Cors = cors;
    }

    /// <summary>Where requests go.</summary>
    public TargetChoice Targets { get; }

    /// <summary>A redirect; null for none.</summary>
    public RedirectRule? Redirect { get; }

    /// <summary>The status of a direct response; 0 for none.</summary>
    public int DirectStatus { get; }

    /// <summary>The body of a direct response.</summary>
    public ReadOnlyMemory<byte> DirectBody { get; }

    /// <summary>Edits of requests.</summary>
    public HeaderEditor Request { get; }

    /// <summary>Edits of responses, also of redirects and direct ones.</summary>
    public HeaderEditor Response { get; }

    /// <summary>Another path or Host; null for none.</summary>
    public PathRewrite? Rewrite { get; }

    /// <summary>The most that a request with its retries may take; zero for no limit.</summary>
    public TimeSpan Timeout { get; }

    /// <summary>When a request is sent again; null for never.</summary>
    public RetryRule? Retry { get; }

    /// <summary>An injected fault; null for none.</summary>
    public FaultRule? Fault { get; }

    /// <summary>Who else gets a copy.</summary>
    public IReadOnlyList<MirrorRule> Mirrors { get; }

    /// <summary>CORS; null for none. Not looked at for redirects and direct responses.</summary>
    public CorsRule? Cors { get; }

    /// <summary>Compiles an action; false with what is wrong about it.</summary>
    public static bool TryCompile(HttpAction source, [NotNullWhen(true)] out RouteAction? action, [NotNullWhen(false)] out string? error)
    {
        action = null;
        if (!HeaderEditor.TryCompile(source.Request, out HeaderEditor? request, out error) || !HeaderEditor.TryCompile(source.ResponseEdits, out HeaderEditor? response, out error))
        {
            return false;
        }

        foreach (WeightedTarget target in source.Targets)
        {
            if (!HeaderEditor.TryCompile(target.Request, out _, out error) || !HeaderEditor.TryCompile(target.Response, out _, out error))
            {
                return false;
            }
        }

        PathRewrite? rewrite = null;
        if (source.Rewrite is not null && !PathRewrite.TryCompile(source.Rewrite, out rewrite, out error))
        {
            return false;
        }

        CorsRule? cors = null;
        if (source.Cors is not null && !CorsRule.TryCompile(source.Cors, out cors, out error))
        {
            return false;
        }

        if (source.Redirect is { Status: not (301 or 302 or 303 or 307 or 308) } redirect)
        {
            error = $"{redirect.Status} is no status of a redirect; 301, 302, 303, 307 and 308 are";
            return false;
        }

        if (source.Response is { } direct && (direct.Status is < 200 or > 599 || direct.Body.Length > MaxBody))
        {
            error = $"a direct response has a status from 200 to 599 and at most {MaxBody} bytes";
            return false;
        }

        if (source.Fault is { AbortShare: > 0 } fault && !(fault.AbortIsGrpc ? fault.AbortStatus <= MostGrpcStatus : fault.AbortStatus is 0 or (>= 200 and <= 599)))
        {
            error = $"{fault.AbortStatus} is no status of {(fault.AbortIsGrpc ? "gRPC, 0 to 16 are" : "an aborted request, 200 to 599 are")}";
            return false;
        }

        if (source.Targets.FirstOrDefault(static target => target.FailStatus is not 0 and (< 200 or > 599)) is { } failing)
        {
            error = $"{failing.FailStatus} is no status of a share that fails, 200 to 599 are";
            return false;
        }

        action = new RouteAction(source, request, response, rewrite, cors);
        error = null;
        return true;
    }
}

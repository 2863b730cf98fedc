using Ambient.Mesh.Services;
using Ambient.Protocol.L7;
using Ambient.Routing.Messages;

namespace Ambient.Routing.Authorizers;

/// <summary>
/// Somebody outside who is asked about requests (waypoint reference 2.6.8): what he gets to see over HTTP, and what his answer means. Immutable.
/// </summary>
public sealed class ExternalAuthorizer
{
    /// <summary>The largest part of a body that is shown to anybody, bytes.</summary>
    public const int MaxBody = 1024 * 1024;

    private const int MaxFields = 100;
    private static readonly TimeSpan UsualTimeout = TimeSpan.FromSeconds(600);

    // For one connection only, or ours to state.
    private static readonly string[] Hop = ["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade", "te", "trailer", "content-length", "host"];

    private readonly FieldNames _request;
    private readonly FieldNames _upstream;
    private readonly FieldNames _onAllow;
    private readonly FieldNames _onDeny;

    internal ExternalAuthorizer(Authorizer settings)
    {
        Settings = settings;
        Service = settings.Service is { Namespace.Length: > 0, Port: > 0 and <= ushort.MaxValue } service ? new NamespacedHostname(service.Namespace, service.Hostname) : null;
        _request = new FieldNames(settings.RequestFields);
        _upstream = new FieldNames(settings.UpstreamFields);
        _onAllow = new FieldNames(settings.ClientFieldsOnAllow);
        _onDeny = new FieldNames(settings.ClientFieldsOnDeny);
        Timeout = settings.TimeoutMs == 0 ? UsualTimeout : TimeSpan.FromMilliseconds(settings.TimeoutMs);
        WantedBody = settings.Body is { MaxBytes: > 0 } body ? (int)Math.Min(body.MaxBytes, MaxBody) : 0;
    }

    /// <summary>As the control plane said it.</summary>
    public Authorizer Settings { get; }

    /// <summary>The service that answers; null when there is none.</summary>
    public NamespacedHostname? Service { get; }

    /// <summary>Its port.</summary>
    public ushort Port => (ushort)Settings.Service.Port;

    /// <summary>How long an answer is waited for.</summary>
    public TimeSpan Timeout { get; }

    /// <summary>Bytes of the body that it gets to see; 0 for none.</summary>
    public int WantedBody { get; }

    /// <summary>Whether a body that is longer is refused instead of shown in part.</summary>
    public bool RefusesLongBody => Settings.Body is { AllowPartial: false };

    /// <summary>What follows when there is no answer.</summary>
    public AuthorizerVerdict OnError() => new()
    {
        IsAllowed = Settings.FailOpen,
        IsError = true,
        Status = Settings.StatusOnError is >= 100 and < 600 and uint status ? (int)status : 403,
    };

    /// <summary>The request that asks about a request, over HTTP.</summary>
    public void Ask(RequestHead about, bool isPartial, RequestHead question)
    {
        question.Clear();
        question.Method = about.Method;
        question.Authority = about.Authority;
        question.SetTarget(Settings.PathPrefix + about.Target);
        FieldList fields = about.Fields;
        for (int i = 0; i < fields.Count; i++)
        {
            ReadOnlySpan<char> name = fields.Name(i);
            if ((name.SequenceEqual("authorization") || _request.Contains(name)) && !IsHop(name))
            {
                question.Fields.Add(name, fields.Value(i));
            }
        }

        if (WantedBody > 0)
        {
            if (fields.TryGet("content-type", out ReadOnlySpan<char> type))
            {
                question.Fields.Set("content-type", type);
            }

            question.Fields.Set("x-envoy-auth-partial-body", isPartial ? "true" : "false");
        }

        foreach (HeaderValue added in Settings.AdditionalFields)
        {
            // These are ours: what the client sent under the name does not count.
            question.Fields.Set(added.Name.ToLowerInvariant(), added.Value);
        }
    }

    /// <summary>What an answer over HTTP means: 200 passes, 5xx is no answer, everything else denies.</summary>
    public AuthorizerVerdict Judge(int status, FieldList fields, ReadOnlyMemory<byte> body)
    {
        if (status is < 200 or >= 500)
        {
            return OnError();
        }

        bool isAllowed = status == 200;
        AuthorizerVerdict verdict = new() { IsAllowed = isAllowed, Status = status, Body = isAllowed ? default : body };
        for (int i = 0; i < Math.Min(fields.Count, MaxFields); i++)
        {
            ReadOnlySpan<char> name = fields.Name(i);
            if (IsHop(name))
            {
                continue;
            }

            if (isAllowed && _upstream.Contains(name))
            {
                verdict.Upstream.Set(name, fields.Value(i));
            }

            bool isForClient = isAllowed ? _onAllow.Contains(name) : _onDeny.IsEmpty || _onDeny.Contains(name) || name is "www-authenticate" or "location" or "content-type";
            if (isForClient)
            {
                verdict.Client.Add(name, fields.Value(i));
            }
        }

        if (isAllowed && fields.TryGet("x-envoy-auth-headers-to-remove", out ReadOnlySpan<char> removed))
        {
            verdict.Removed.AddRange(removed.ToString().ToLowerInvariant().Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Where(name => !IsHop(name)));
        }

        return verdict;
    }

    internal static bool IsHop(ReadOnlySpan<char> name)
    {
        foreach (string hop in Hop)
        {
            if (name.SequenceEqual(hop))
            {
                return true;
            }
        }

        return name.Length == 0 || name[0] == ':';
    }
}

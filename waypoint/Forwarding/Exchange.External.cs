using Ambient.Routing.Authorizers;
using Ambient.Routing.Messages;
using Ambient.Waypoint.Authorization;
using Ambient.Waypoint.Http;

namespace Ambient.Waypoint.Forwarding;

/// <summary>External authorisation (CUSTOM policies): the request waits, with as much of its body as the authoriser wants to see.</summary>
internal sealed partial class Exchange : IAuthorizerCaller
{
    private ExternalAuthorizer? _authorizer;
    private AuthorizerCall? _check;

    private bool IsHolding => _authorizer is not null && _check is null;

    /// <inheritdoc/>
    void IAuthorizerCaller.OnVerdict(AuthorizerVerdict verdict)
    {
        string asked = _authorizer!.Settings.Name;
        (_check, _authorizer) = (null, null);
        if (_isDone)
        {
            return;
        }

        if (!verdict.IsAllowed)
        {
            Deny(verdict);
            return;
        }

        verdict.Apply(head.Fields);
        for (int i = 0; i < verdict.Client.Count; i++)
        {
            _answer.Add(verdict.Client.Name(i), verdict.Client.Value(i));
        }

        // Bodies and authorisers take their time, clients as long as they like: the policies of now count, also where they name another authoriser by now.
        _served = tunnel.Refresh(head);
        _configuration = tunnel.Configuration;
        if (PassesAuthorizer(asked))
        {
            AfterAuthorizer();
        }
    }

    /// <summary>Whether the request can go on at once; else it waits for a verdict, or is answered.</summary>
    private bool PassesAuthorizer(string? asked)
    {
        if (!_served.Http.HasProviders || _served.Http.FindProvider(Facts) is not { } provider || provider == asked)
        {
            return true;
        }

        if (_configuration.Authorizers.Find(provider) is not { } authorizer)
        {
            // Nobody can be asked: what should have been asked about is denied.
            return Answer(new LocalAnswer(403, "RBAC: access denied", ResponseFlags.None, "rbac_access_denied_matched_policy[no-such-CUSTOM-provider]"));
        }

        _authorizer = authorizer;
        if (authorizer.WantedBody == 0 || IsRequestWhole || upgrade.Length > 0)
        {
            Ask(isPartial: false);
        }
        else if (authorizer.RefusesLongBody && framing.Kind == BodyKind.Length && framing.Length > authorizer.WantedBody)
        {
            RefuseLongBody();
        }
        else if (head.Fields.Remove("expect"))
        {
            // The body is wanted here, whatever the endpoint will say.
            server.SendInterim(100, new FieldList());
        }
        else if (asked is not null)
        {
            Hold(default);
            if (IsHolding)
            {
                server.ResumeBody();
            }
        }

        return false;
    }

    private void Hold(ReadOnlySpan<byte> data)
    {
        if (!_kept.TryAdd(data, tunnel.Loop.Kept))
        {
            // Others hold as much as all may; what the authoriser does not see is not passed on either.
            _authorizer = null;
            _ = Answer(new LocalAnswer(503, "", ResponseFlags.Overflow, "kept_bodies_overflow"));
            return;
        }

        if (_kept.Length <= _authorizer!.WantedBody)
        {
            return;
        }

        if (_authorizer.RefusesLongBody)
        {
            RefuseLongBody();
        }
        else
        {
            Ask(isPartial: true);
        }
    }

    private void Ask(bool isPartial)
    {
        AuthorizerCall check = new(tunnel.Loop, _configuration, _authorizer!, this);
        _check = check;
        ReadOnlyMemory<byte> shown = _authorizer!.WantedBody == 0 ? default : _kept.Memory[..Math.Min(_kept.Length, _authorizer.WantedBody)];
        check.Begin(Facts, tunnel.Source, shown, isPartial);
    }

    private void RefuseLongBody()
    {
        _authorizer = null;
        _ = Answer(new LocalAnswer(413, "Payload Too Large", ResponseFlags.None, "request_payload_too_large"));
    }

    private void Deny(AuthorizerVerdict verdict)
    {
        if (verdict.IsError)
        {
            _ = Answer(new LocalAnswer(verdict.Status, "", ResponseFlags.Unauthorized, "ext_authz_error"));
            return;
        }

        for (int i = 0; i < verdict.Client.Count; i++)
        {
            _answer.Add(verdict.Client.Name(i), verdict.Client.Value(i));
        }

        if (_record.IsGrpc)
        {
            _answer.Remove("content-type");
            _ = Answer(new LocalAnswer(verdict.Status, System.Text.Encoding.UTF8.GetString(verdict.Body.Span), ResponseFlags.Unauthorized, "ext_authz_denied"));
            return;
        }

        if (verdict.Body.Length > 0 && !_answer.Contains("content-type"))
        {
            _answer.Add("content-type", "text/plain");
        }

        _record.Flags |= ResponseFlags.Unauthorized;
        _record.Details = "ext_authz_denied";
        _record.Status = verdict.Status;
        SendOwn(verdict.Body.Span, verdict.Status);
    }
}

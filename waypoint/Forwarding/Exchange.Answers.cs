using Ambient.Routing.Actions;
using Ambient.Routing.Messages;
using Ambient.Waypoint.Http;
using Ambient.Waypoint.Observation;

namespace Ambient.Waypoint.Forwarding;

/// <content>Answers of endpoints, on their way to the client.</content>
internal sealed partial class Exchange
{
    // They go out without back-pressure, and a request may bring any number of them (RFC 9110 section 15.2).
    private const int MaxInterim = 32;

    private int _interims;

    /// <summary>The head of an answer, interim ones (1xx) included.</summary>
    public void OnResponseHead(Attempt attempt, ResponseHead response, BodyFraming responseFraming)
    {
        Moved();
        if (response.Status < 200 && responseFraming.Kind != BodyKind.Upgraded)
        {
            PassInterim(response);
            return;
        }

        bool isUnasked = responseFraming.Kind == BodyKind.Upgraded && (upgrade.Length == 0 || !server.Believes(response.Fields));
        int grpc = response.Fields.TryGet("grpc-status", out ReadOnlySpan<char> text) && int.TryParse(text, out int status) ? status : -1;
        isUnasked |= server.IsConsentAnySuccess && responseFraming.Kind != BodyKind.Upgraded && response.Status < 300;
        attempt.Count(isUnasked ? 502 : response.Status);
        if (isUnasked)
        {
            AbandonAttempt("an upgrade that nobody asked for, or one without proof or consent");
            Fail(UpstreamFailure.ProtocolError, null);
            return;
        }

        if (Retry is { } rule && rule.AfterResponse(response.Status, grpc, response.Fields.Contains("x-envoy-ratelimited")) && !response.Fields.Contains("x-envoy-overloaded") && TryRetry())
        {
            return;
        }

        Pass(response, responseFraming);
    }

    /// <summary>A part of the answer's body.</summary>
    public void OnResponseData(ReadOnlySpan<byte> data)
    {
        Moved();
        _record.Sent(data);
        if (_web is { IsTranslating: true } web)
        {
            web.Body(data, server);
        }
        else
        {
            server.SendData(data);
        }
    }

    /// <summary>The answer is whole.</summary>
    public void OnResponseEnd(FieldList? trailers)
    {
        if (trailers is not null && trailers.TryGet("grpc-status", out ReadOnlySpan<char> grpc))
        {
            _record.GrpcStatus = PeerLabels.GrpcStatus(grpc);
        }

        if (trailers is not null)
        {
            tunnel.Record.OnTrailers(_record, trailers);
        }

        EndAttempt();
        if (_web is { IsTranslating: true } web && trailers is { Count: > 0 })
        {
            web.Trailers(trailers, server);
            trailers = null;
        }

        Done();
        server.SendEnd(trailers);
    }

    private void Pass(ResponseHead response, BodyFraming responseFraming)
    {
        _attempt!.CancelLimit();
        FreeReplay();
        _record.Status = response.Status;
        _record.GrpcStatus = response.Fields.TryGet("grpc-status", out ReadOnlySpan<char> text) ? PeerLabels.GrpcStatus(text) : "";
        _record.UpstreamTime = tunnel.Loop.Loop.NowMilliseconds - _record.Started;
        FieldList fields = response.Fields;
        for (int i = 0; i < _answer.Count; i++)
        {
            // Cookies of consistent hashing.
            fields.Add(_answer.Name(i), _answer.Value(i));
        }

        fields.Set("x-envoy-upstream-service-time", _record.UpstreamTime.ToString(System.Globalization.CultureInfo.InvariantCulture));
        _route!.Action.Cors?.AddFields(head, fields);
        _route.Action.Response.Apply(fields, this);
        _target!.Response.Apply(fields, this);
        EdgeFields.Finish(fields, tunnel, isOwn: false);
        tunnel.Record.OnResponse(_record, fields);
        if (_web is { } web)
        {
            responseFraming = TranslateAnswer(web, fields, responseFraming);
        }

        _isHeadSent = true;
        _hasResponseLength = responseFraming.Kind == BodyKind.Length;
        _isUpgraded = responseFraming.Kind == BodyKind.Upgraded;
        if (_isUpgraded)
        {
            CancelTimers();
            _attempt.BecomePlain();
        }

        server.SendHead(response.Status, fields, responseFraming, _isUpgraded ? upgrade : "");
    }

    private void PassInterim(ResponseHead response)
    {
        if (++_interims <= MaxInterim)
        {
            if (_isLeaveAwaited && response.Status == 100)
            {
                HoldLimits();
            }

            server.SendInterim(response.Status, response.Fields);
            return;
        }

        AbandonAttempt("more informational answers than anybody needs");
        Fail(UpstreamFailure.ProtocolError, null);
    }
}

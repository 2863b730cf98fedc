using System.Buffers;
using Ambient.Grpc.Framing;
using Ambient.Routing.Messages;
using Ambient.Waypoint.Http;

namespace Ambient.Waypoint.Forwarding;

/// <content>What is special about gRPC: clients that speak gRPC-Web, and deadlines that calls bring themselves.</content>
internal sealed partial class Exchange
{
    private GrpcWebTranslation? _web;
    private bool _isOwnDeadline;

    // From here on the call is one in gRPC (waypoint reference 1.5, step 8).
    private void TranslateRequest(GrpcWebTranslation web)
    {
        web.Apply(head);
        _record.IsGrpc = true;
        if (web.IsTextRequest && framing.Kind == BodyKind.Length && !framing.IsEmpty)
        {
            framing = new BodyFraming(BodyKind.Chunked, -1);
        }
    }

    private void DecodeRequest(GrpcWebTranslation web, ReadOnlySpan<byte> text)
    {
        byte[] data = ArrayPool<byte>.Shared.Rent(GrpcWebTranslation.DecodedBound(text.Length));
        int length = web.Decode(text, data);
        if (length < 0)
        {
            RefuseText();
        }
        else if (length > 0)
        {
            TakeRequestData(data.AsSpan(0, length));
        }

        ArrayPool<byte>.Shared.Return(data);
    }

    private void RefuseText()
    {
        // Copies of what was whole so far will never become whole.
        _mirrors?.ForEach(static copy => copy.GiveUp("the request is no Base64"));
        if (!_isDone)
        {
            AbandonAttempt("the request is no Base64");
            _ = Answer(new LocalAnswer(400, "Bad gRPC-web request, invalid base64 data.", ResponseFlags.None, "grpc_base_64_decode_failed"));
        }
    }

    private BodyFraming TranslateAnswer(GrpcWebTranslation web, FieldList fields, BodyFraming answer)
    {
        web.Answer(fields);
        return web.IsTranslating && answer is { Kind: BodyKind.Length, Length: > 0 } ? new BodyFraming(BodyKind.Chunked, -1) : answer;
    }

    // The route's limit caps a call's own deadline, which endpoints hear of as it is in force (waypoint reference 2.1.2).
    private TimeSpan Limit()
    {
        TimeSpan limit = _route!.Action.Timeout;
        if (_record.IsGrpc && head.Fields.TryGet("grpc-timeout", out ReadOnlySpan<char> text) && GrpcTimeout.TryParse(text, out TimeSpan deadline) && deadline > TimeSpan.Zero)
        {
            _isOwnDeadline = limit <= TimeSpan.Zero || deadline < limit;
            if (_isOwnDeadline)
            {
                return deadline;
            }

            head.Fields.Set("grpc-timeout", GrpcTimeout.Format(limit));
        }

        return limit;
    }
}

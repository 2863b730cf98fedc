using System.Buffers;
using Ambient.Hbone.Frames;
using Ambient.Hbone.Headers;
using Ambient.Mesh.Connections;

namespace Ambient.Hbone.Sessions;

/// <content>Header blocks: requests, responses, trailers (RFC 9113 sections 6.2, 6.10, 8.5).</content>
public sealed unsafe partial class Session
{
    /// <summary>A block is at most as many frames; the flood of CONTINUATIONs ends here.</summary>
    private const int MaxContinuations = 8;

    private readonly HpackDecoder _decoder;
    private int _blockStream;
    private bool _blockEndsStream;
    private int _continuations;
    private ArrayBufferWriter<byte>? _block;

    private void Begin(TunnelStream stream)
    {
        stream.Id = _nextStreamId;
        _nextStreamId += 2;
        stream.SendWindow = _peerInitialWindow;
        _streams.Add(stream.Id, stream);
        if (!TrySendRequest(stream))
        {
            _streams.Remove(stream.Id);
            stream.Close(new StreamClosure(CloseReason.BadAuthority, Http2Error.InternalError, false, 0, "the request's header fields are too long"));
            Owner.OnRoom(this);
        }
    }

    private void OnHeaders(ReadOnlySpan<byte> payload)
    {
        if (IsViolated(FrameRules.Headers(_frame, ref payload)))
        {
            return;
        }

        _blockEndsStream = _frame.Has(FrameFlags.EndStream);
        if (_frame.Has(FrameFlags.EndHeaders))
        {
            OnBlock(_frame.StreamId, payload);
            return;
        }

        _blockStream = _frame.StreamId;
        _continuations = 0;
        _block = new ArrayBufferWriter<byte>();
        _block.Write(payload);
    }

    private void OnContinuation(ReadOnlySpan<byte> payload)
    {
        if (_blockStream == 0 || _block is null)
        {
            Violation(Http2Error.ProtocolError, "CONTINUATION without HEADERS");
            return;
        }

        _block.Write(payload);
        if (++_continuations > MaxContinuations || _block.WrittenCount > _settings.MaxHeaderListSize)
        {
            Violation(Http2Error.EnhanceYourCalm, "a header block is too long");
            return;
        }

        if (_frame.Has(FrameFlags.EndHeaders))
        {
            int stream = _blockStream;
            ArrayBufferWriter<byte> block = _block;
            _blockStream = 0;
            _block = null;
            OnBlock(stream, block.WrittenSpan);
        }
    }

    private void OnBlock(int streamId, ReadOnlySpan<byte> block)
    {
        HeaderCollector headers = LoopScratch.Current.Headers;
        headers.Reset();
        if (!_decoder.TryDecode(block, headers, out bool tooLarge))
        {
            Violation(Http2Error.CompressionError, "a header block cannot be decoded");
        }
        else if (_streams.TryGetValue(streamId, out TunnelStream? stream))
        {
            if (_isClient && !stream.IsOpened)
            {
                OnResponse(stream, headers, tooLarge);
            }
            else
            {
                OnTrailers(stream);
            }
        }
        else if (!IsIdle(streamId))
        {
            // Trailers of a stream that we have reset may still be on their way; a request must not come late (RFC 9113 section 5.1.1).
            if (!_isClient && headers.IsConnect)
            {
                Violation(Http2Error.ProtocolError, "a stream was opened out of order");
            }
            else
            {
                Spend(AbuseBudget.Noise);
            }
        }
        else if (_isClient)
        {
            Violation(Http2Error.ProtocolError, "HEADERS on a stream that we did not open");
        }
        else
        {
            _lastPeerStreamId = streamId;
            OnRequest(streamId, headers, tooLarge);
        }
    }

    // A tunnel has no trailers; those of a foreign peer only end its direction.
    private void OnTrailers(TunnelStream stream)
    {
        if (!_blockEndsStream || stream.RemoteEnded)
        {
            Refuse(stream, Http2Error.ProtocolError, "HEADERS in the middle of a tunnel");
        }
        else
        {
            stream.EndRemote();
        }
    }

    private void OnResponse(TunnelStream stream, HeaderCollector headers, bool tooLarge)
    {
        if (tooLarge || headers.Defect is not null || headers.Status == 0 || headers.HasRequestFields)
        {
            Refuse(stream, Http2Error.ProtocolError, headers.Defect ?? "the response has no status, fields of a request, or too many");
        }
        else if (headers.Status < 200)
        {
            OnInterimResponse(stream, headers.Status);
        }
        else if (headers.Status == 200)
        {
            stream.Open(new ConnectResponse(200, headers.Baggage));
            if (_blockEndsStream && !stream.IsClosed)
            {
                stream.EndRemote();
            }
        }
        else
        {
            int status = headers.Status;
            Finish(stream, _blockEndsStream ? Http2Error.NoError : Http2Error.Cancel);
            stream.Close(new StreamClosure(CloseReason.Refused, Http2Error.NoError, true, status, null));
        }
    }

    // Section 8.1: an interim response is followed by the final one; 101 does not exist in HTTP/2.
    private void OnInterimResponse(TunnelStream stream, int status)
    {
        if (_blockEndsStream || status is < 100 or 101)
        {
            Refuse(stream, Http2Error.ProtocolError, "an interim response that ends the stream, or a status that does not exist");
        }
        else
        {
            Spend(AbuseBudget.Noise);
        }
    }

    private void OnRequest(int streamId, HeaderCollector headers, bool tooLarge)
    {
        // Between the two GOAWAYs of a drain come streams that were on their way before it (RFC 9113 section 6.8).
        bool late = Phase != SessionPhase.Open && !_drainPinged;
        if (late || _streams.Count >= _settings.MaxConcurrentStreams)
        {
            // Refused without having been processed: the peer may try elsewhere. During a drain that is nobody's fault.
            if (late || Spend(AbuseBudget.ForcedReset))
            {
                SendReset(streamId, Http2Error.RefusedStream);
            }

            return;
        }

        if (tooLarge || headers.Defect is not null || (headers.IsConnect && headers.HasSchemeOrPath) || headers.Status != 0)
        {
            if (Spend(AbuseBudget.ForcedReset))
            {
                SendReset(streamId, Http2Error.ProtocolError);
            }

            return;
        }

        TunnelStream stream = new(this, null, _settings) { Id = streamId, SendWindow = _peerInitialWindow };
        _streams.Add(streamId, stream);
        ConnectRequest? request = headers.IsConnect ? headers.Request() : null;
        if (_blockEndsStream)
        {
            stream.EndRemote();
        }

        if (request is null)
        {
            if (Spend(AbuseBudget.ForcedReset))
            {
                stream.Refuse(400);
            }

            return;
        }

        Owner.OnConnect(this, stream, request);
    }
}

using System.Buffers;
using Ambient.Hbone.Frames;
using Ambient.Hbone.Headers;
using Ambient.Hbone.Sessions;
using Ambient.Routing.Messages;
using Ambient.Waypoint.Http;

namespace Ambient.Waypoint.Http2;

/// <content>Header blocks: requests, responses, trailers (RFC 9113 sections 6.2, 6.10, 8).</content>
internal abstract partial class Http2Connection
{
    private readonly HpackDecoder _decoder = new(Http2Limits.HeaderList, Http2Limits.TableSize);
    private bool _settingsAcknowledged;
    private int _blockStream;

    /// <summary>Whether the preface or a header block has begun and is not whole.</summary>
    protected bool IsInHead => _prefaceLeft > 0 || _blockStream != 0 || (_inFrame && _frame.Type == FrameType.Headers);

    private bool _blockEndsStream;
    private int _continuations;
    private byte[]? _block;
    private int _blockLength;

    /// <summary>The fields of the block that is being read.</summary>
    protected FieldReader Fields { get; } = new();

    /// <summary>The length of the block that is being read.</summary>
    protected int BlockBytes { get; private set; }

    /// <summary>Where the fields of a stream's next head belong; for a stream that is not there yet as well.</summary>
    protected abstract FieldList? HeadOf(Http2Stream? stream);

    /// <summary>Server: a request. Client: the head of an answer.</summary>
    protected abstract void OnHead(int streamId, Http2Stream? stream, bool isEnd, bool isTooLarge);

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
        Gather(payload);
    }

    private void OnContinuation(ReadOnlySpan<byte> payload)
    {
        if (_blockStream == 0)
        {
            Violation(Http2Error.ProtocolError, "CONTINUATION without HEADERS");
            return;
        }

        if (++_continuations > Http2Limits.MaxContinuations || _blockLength + payload.Length > Http2Limits.HeaderList)
        {
            FreeBlock();
            Violation(Http2Error.EnhanceYourCalm, "a header block is too long");
            return;
        }

        Gather(payload);
        if (_frame.Has(FrameFlags.EndHeaders))
        {
            int stream = _blockStream;
            _blockStream = 0;
            OnBlock(stream, _block.AsSpan(0, _blockLength));
            FreeBlock();
        }
    }

    private void Gather(ReadOnlySpan<byte> payload)
    {
        if (_block is null || _block.Length < _blockLength + payload.Length)
        {
            byte[] larger = ArrayPool<byte>.Shared.Rent((_blockLength + payload.Length) * 2);
            _block.AsSpan(0, _blockLength).CopyTo(larger);
            if (_block is not null)
            {
                ArrayPool<byte>.Shared.Return(_block);
            }

            _block = larger;
        }

        payload.CopyTo(_block.AsSpan(_blockLength));
        _blockLength += payload.Length;
    }

    private void FreeBlock()
    {
        if (_block is not null)
        {
            ArrayPool<byte>.Shared.Return(_block);
        }

        (_block, _blockLength, _blockStream) = (null, 0, 0);
    }

    private void OnBlock(int streamId, ReadOnlySpan<byte> block)
    {
        BlockBytes = block.Length;
        _streams.TryGetValue(streamId, out Http2Stream? stream);
        bool isNew = stream is null && IsIdle(streamId);
        bool isTrailers = stream is { IsHeadRead: true };
        FieldList? trailers = isTrailers ? new FieldList() : null;
        Fields.Begin(isTrailers ? trailers : stream is not null || (isNew && !_isClient) ? HeadOf(stream) : null);
        if (!_decoder.TryDecode(block, Fields, out bool isTooLarge))
        {
            Violation(Http2Error.CompressionError, "a header block cannot be decoded");
            return;
        }

        Fields.End();
        if (isTrailers)
        {
            OnTrailers(stream!, trailers!, isTooLarge);
        }
        else if (stream is not null)
        {
            TakeHead(streamId, stream, isTooLarge);
        }
        else if (!isNew)
        {
            // Trailers of a stream that we have reset may still be on their way; a request must not come late (RFC 9113 section 5.1.1).
            if (!_isClient && Fields.Method is not null)
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
            LastPeerStreamId = streamId;
            TakeHead(streamId, null, isTooLarge);
        }
    }

    // The connection carries other requests as well.
    private void TakeHead(int streamId, Http2Stream? stream, bool isTooLarge)
    {
        try
        {
            OnHead(streamId, stream, _blockEndsStream, isTooLarge);
        }
        catch (Exception defect)
        {
            if (_streams.TryGetValue(streamId, out Http2Stream? begun))
            {
                OnDefect(begun, defect);
            }
            else
            {
                Report(defect);
                SendReset(streamId, Http2Error.InternalError);
            }
        }
    }

    private void OnTrailers(Http2Stream stream, FieldList trailers, bool isTooLarge)
    {
        if (!_blockEndsStream || stream.RemoteEnded || isTooLarge || Fields.Defect is not null || Fields.HasTooMany || Fields.HasPseudo)
        {
            Refuse(stream, stream.RemoteEnded ? Http2Error.StreamClosed : Http2Error.ProtocolError, Fields.Defect ?? "fields that are no trailers");
            return;
        }

        BodyReader.RemoveForbidden(trailers);
        EndRemote(stream, trailers.Count > 0 ? trailers : null);
    }

    /// <summary>Resets a request before there is a stream for it, and charges for it.</summary>
    protected void RefuseNew(int streamId, Http2Error code)
    {
        if (Spend(AbuseBudget.ForcedReset))
        {
            SendReset(streamId, code);
        }
    }

    /// <summary>A stream whose head cannot be used.</summary>
    protected void RefuseHead(Http2Stream stream, string what) => Refuse(stream, Http2Error.ProtocolError, what);
}

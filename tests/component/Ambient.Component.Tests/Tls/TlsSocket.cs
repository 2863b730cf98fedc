using System.Net.Sockets;
using Ambient.Tls.Handshakes;
using Ambient.Tls.Records;

namespace Ambient.Component.Tests.Tls;

/// <summary>Our TLS over a blocking socket, for tests against foreign stacks. Every wait has a deadline.</summary>
internal sealed unsafe class TlsSocket : IDisposable
{
    private readonly Socket _socket;
    private readonly List<byte> _input = [];
    private RecordLayer? _records;

    public TlsSocket(Socket socket)
    {
        _socket = socket;
        _socket.ReceiveTimeout = 20_000;
        _socket.SendTimeout = 20_000;
    }

    public RecordLayer Records => _records ?? throw new InvalidOperationException("no handshake yet");

    /// <summary>Runs the handshake; returns its failure, null when it completed.</summary>
    public TlsFailure? Run(Handshake handshake)
    {
        while (true)
        {
            HandshakeStatus status = handshake.Advance([.. _input], out int consumed);
            _input.RemoveRange(0, consumed);
            _socket.Send(handshake.Output);
            handshake.AdvanceOutput(handshake.Output.Length);
            if (status == HandshakeStatus.Failed)
            {
                return handshake.Failure;
            }

            if (status == HandshakeStatus.Completed)
            {
                _records = handshake.TakeRecordLayer();
                return null;
            }

            if (!Receive())
            {
                return new TlsFailure(Mesh.Connections.CloseReason.TlsFailure, "end of stream");
            }
        }
    }

    public void Send(ReadOnlySpan<byte> data)
    {
        while (!data.IsEmpty)
        {
            int length = Math.Min(data.Length, RecordLayer.MaxPlaintext);
            byte[] record = new byte[RecordLayer.HeaderSize + length + RecordLayer.TrailerSize];
            data[..length].CopyTo(record.AsSpan(RecordLayer.HeaderSize));
            fixed (byte* pointer = record)
            {
                Assert.Equal(record.Length, Records.Seal(pointer, length));
            }

            _socket.Send(record);
            data = data[length..];
        }
    }

    /// <summary>Reads until so many bytes of data are here, close_notify, or a failure.</summary>
    public (byte[] Data, OpenResult Last) Read(int wanted)
    {
        var data = new List<byte>();
        OpenResult last = OpenResult.Nothing;
        while (data.Count < wanted && last.Status is (OpenStatus.Nothing or OpenStatus.Data))
        {
            (last, byte[] more) = ReadRecord();
            data.AddRange(more);
        }

        return ([.. data], last);
    }

    /// <summary>Reads exactly one record and answers it where the protocol wants an answer.</summary>
    public (OpenResult Result, byte[] Data) ReadRecord()
    {
        while (_input.Count < RecordLayer.HeaderSize || _input.Count < RecordLayer.HeaderSize + ((_input[3] << 8) | _input[4]))
        {
            if (!Receive())
            {
                return (OpenResult.Failed(RecordFailure.Closed), []);
            }
        }

        int whole = RecordLayer.HeaderSize + ((_input[3] << 8) | _input[4]);
        byte[] record = [.. _input[..whole]];
        _input.RemoveRange(0, whole);
        OpenResult result;
        fixed (byte* pointer = record)
        {
            result = Records.Open(pointer, record.Length);
        }

        SendControl();
        return (result, record[result.Offset..(result.Offset + result.Length)]);
    }

    public void CloseNotify()
    {
        byte[] buffer = new byte[RecordLayer.MaxControl];
        fixed (byte* pointer = buffer)
        {
            _socket.Send(buffer.AsSpan(0, Records.CloseNotify(pointer, buffer.Length)));
        }
    }

    public void Dispose()
    {
        _records?.Dispose();
        _socket.Dispose();
    }

    private void SendControl()
    {
        byte[] buffer = new byte[RecordLayer.MaxControl];
        fixed (byte* pointer = buffer)
        {
            _socket.Send(buffer.AsSpan(0, Records.PendingControl(pointer, buffer.Length)));
        }
    }

    private bool Receive()
    {
        byte[] buffer = new byte[32 * 1024];
        int read = _socket.Receive(buffer);
        _input.AddRange(buffer.AsSpan(0, read));
        return read > 0;
    }
}

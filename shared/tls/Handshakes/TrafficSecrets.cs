using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Ambient.Tls.Records;

namespace Ambient.Tls.Handshakes;

/// <summary>The two application traffic secrets, as libssl names them while the handshake ends; in native memory, wiped. Loop-affine.</summary>
internal unsafe struct TrafficSecrets
{
    private const int Size = 2 * KeySchedule.MaxSecret;

    private byte* _block;
    private int _clientLength;
    private int _serverLength;

    /// <summary>Takes "LABEL client-random secret" when the label is one of the two; all others are not ours to keep.</summary>
    internal void Take(ReadOnlySpan<byte> line)
    {
        bool client = line.StartsWith("CLIENT_TRAFFIC_SECRET_0 "u8);
        if (!client && !line.StartsWith("SERVER_TRAFFIC_SECRET_0 "u8))
        {
            return;
        }

        if (_block == null)
        {
            _block = (byte*)NativeMemory.AllocZeroed(Size);
        }

        ReadOnlySpan<byte> hex = line[(line.LastIndexOf((byte)' ') + 1)..];
        int length = hex.Length / 2;
        var target = new Span<byte>(_block + (client ? 0 : KeySchedule.MaxSecret), KeySchedule.MaxSecret);
        if (length > KeySchedule.MaxSecret || Convert.FromHexString(hex, target, out _, out int written) != System.Buffers.OperationStatus.Done)
        {
            return;
        }

        if (client)
        {
            _clientLength = written;
        }
        else
        {
            _serverLength = written;
        }
    }

    /// <summary>Whether both secrets are here and fit the suite.</summary>
    internal readonly bool AreComplete(CipherSuite suite) =>
        KeySchedule.IsSupported(suite) && _clientLength == KeySchedule.SecretLength(suite) && _serverLength == _clientLength;

    internal readonly ReadOnlySpan<byte> Client => new(_block, _clientLength);

    internal readonly ReadOnlySpan<byte> Server => new(_block + KeySchedule.MaxSecret, _serverLength);

    internal void Wipe()
    {
        if (_block != null)
        {
            CryptographicOperations.ZeroMemory(new Span<byte>(_block, Size));
            NativeMemory.Free(_block);
            _block = null;
        }

        _clientLength = 0;
        _serverLength = 0;
    }
}

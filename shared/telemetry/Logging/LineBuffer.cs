using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Encodings.Web;

namespace Ambient.Telemetry.Logging;

/// <summary>
/// Grows one line in a pooled array; the array then moves to the queue, whose writer gives it back.
/// One per thread, so used by that thread alone.
/// </summary>
internal sealed class LineBuffer : IBufferWriter<byte>
{
    private const int UsualLine = 1024;

    [ThreadStatic]
    private static LineBuffer? _ofThread;

    private byte[] _bytes = [];
    private int _length;
    private Utf8JsonWriter? _json;

    /// <summary>A JSON writer over this buffer, ready for a new object.</summary>
    public Utf8JsonWriter Json
    {
        get
        {
            _json ??= new Utf8JsonWriter(this, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true });
            _json.Reset();
            return _json;
        }
    }

    public static LineBuffer ForThisThread()
    {
        LineBuffer buffer = _ofThread ??= new LineBuffer();
        buffer._length = 0;
        return buffer;
    }

    /// <summary>Takes the line out; the caller owns the array, which came from the shared pool.</summary>
    public byte[] Detach(out int length)
    {
        byte[] line = _bytes;
        length = _length;
        _bytes = [];
        _length = 0;
        return line;
    }

    public void Advance(int count) => _length += count;

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(Math.Max(sizeHint, 64));
        return _bytes.AsMemory(_length);
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Reserve(Math.Max(sizeHint, 64));
        return _bytes.AsSpan(_length);
    }

    public void Append(byte value)
    {
        Reserve(1);
        _bytes[_length++] = value;
    }

    public void Append(ReadOnlySpan<byte> bytes)
    {
        Reserve(bytes.Length);
        bytes.CopyTo(_bytes.AsSpan(_length));
        _length += bytes.Length;
    }

    public void Append(long number)
    {
        _ = number.TryFormat(GetSpan(), out int written, default, CultureInfo.InvariantCulture);
        _length += written;
    }

    public void Append(LogAddress address) => _length += address.Format(GetSpan());

    /// <summary>RFC 3339 in UTC with microseconds.</summary>
    public void Append(DateTimeOffset time)
    {
        _ = time.TryFormat(GetSpan(), out int written, "yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);
        _length += written;
    }

    /// <summary>Text with control characters escaped, so that nothing foreign can begin a line; quotes and backslashes too when quoted.</summary>
    public void AppendText(string text, bool quoted)
    {
        if (quoted)
        {
            Append((byte)'"');
        }

        ReadOnlySpan<char> rest = text;
        while (true)
        {
            int special = IndexOfSpecial(rest, quoted);
            ReadOnlySpan<char> plain = special < 0 ? rest : rest[..special];
            Reserve(plain.Length * 3);
            _length += Encoding.UTF8.GetBytes(plain, _bytes.AsSpan(_length));
            if (special < 0)
            {
                break;
            }

            AppendEscape(rest[special]);
            rest = rest[(special + 1)..];
        }

        if (quoted)
        {
            Append((byte)'"');
        }
    }

    private static int IndexOfSpecial(ReadOnlySpan<char> text, bool quoted)
    {
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            if (char.IsControl(c) || c is '\u2028' or '\u2029' || (quoted && c is '"' or '\\'))
            {
                return i;
            }
        }

        return -1;
    }

    private void AppendEscape(char c)
    {
        Append((byte)'\\');
        switch (c)
        {
            case '"' or '\\':
                Append((byte)c);
                break;
            case '\n':
                Append((byte)'n');
                break;
            case '\r':
                Append((byte)'r');
                break;
            case '\t':
                Append((byte)'t');
                break;
            default:
                Append("u{"u8);
                _ = ((int)c).TryFormat(GetSpan(), out int written, "x", CultureInfo.InvariantCulture);
                _length += written;
                Append((byte)'}');
                break;
        }
    }

    private void Reserve(int more)
    {
        if (_bytes.Length - _length >= more)
        {
            return;
        }

        byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(UsualLine, Math.Max(_bytes.Length * 2, _length + more)));
        _bytes.AsSpan(0, _length).CopyTo(larger);
        if (_bytes.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_bytes);
        }

        _bytes = larger;
    }
}

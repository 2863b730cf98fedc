using System.Buffers;

namespace Ambient.Kubernetes.Watching;

/// <summary>
/// Cuts a watch into its lines, wherever the network cut it. Memory is bounded: a line that is too long is skipped and counted. For one caller at a
/// time, who disposes it.
/// </summary>
internal sealed class WatchFramer(int longestLine) : IDisposable
{
    private const int Smallest = 16 * 1024;
    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(Smallest);
    private int _start;
    private int _scanned;
    private int _end;
    private bool _isSkipping;

    /// <summary>Lines that were too long.</summary>
    public int Skipped { get; private set; }

    /// <summary>Whether bytes of a line without its end are left: the watch was cut in its middle.</summary>
    public bool IsInLine => _isSkipping || _end > _start;

    /// <summary>Where the next bytes go; never empty.</summary>
    public Memory<byte> Writable()
    {
        if (_start == _end)
        {
            (_start, _scanned, _end) = (0, 0, 0);
        }

        if (_end == _buffer.Length)
        {
            MakeRoom();
        }

        return _buffer.AsMemory(_end);
    }

    /// <summary>So many bytes were written there.</summary>
    public void Advance(int bytes) => _end += bytes;

    /// <summary>The next whole line without its end; valid until <see cref="Writable"/> is called. Empty lines are left out.</summary>
    public bool TryTake(out ReadOnlySpan<byte> line)
    {
        while (true)
        {
            int at = _buffer.AsSpan(_scanned, _end - _scanned).IndexOf((byte)'\n');
            if (at < 0)
            {
                _scanned = _end;
                if (_isSkipping || _end - _start > longestLine)
                {
                    _isSkipping = true;
                    _start = _end;
                }

                line = default;
                return false;
            }

            int end = _scanned + at;
            line = _buffer.AsSpan(_start, end - _start).TrimEnd((byte)'\r');
            bool isTooLong = _isSkipping || line.Length > longestLine;
            _start = _scanned = end + 1;
            _isSkipping = false;
            Skipped += isTooLong ? 1 : 0;
            if (!isTooLong && line.Length > 0)
            {
                return true;
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_buffer, clearArray: true);
            (_buffer, _start, _scanned, _end) = ([], 0, 0, 0);
        }
    }

    private void MakeRoom()
    {
        int held = _end - _start;
        byte[] target = held > _buffer.Length / 2 ? ArrayPool<byte>.Shared.Rent(_buffer.Length * 2) : _buffer;
        _buffer.AsSpan(_start, held).CopyTo(target);
        if (!ReferenceEquals(target, _buffer))
        {
            ArrayPool<byte>.Shared.Return(_buffer, clearArray: true);
            _buffer = target;
        }

        (_scanned, _start, _end) = (_scanned - _start, 0, held);
    }
}

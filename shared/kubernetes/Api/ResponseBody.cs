using System.Buffers;

namespace Ambient.Kubernetes.Api;

/// <summary>A body in a rented buffer, bounded. Owned by one caller, who disposes it.</summary>
internal sealed class ResponseBody : IDisposable
{
    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(16 * 1024);
    private int _length;

    /// <summary>What was read.</summary>
    public ReadOnlySpan<byte> Bytes => _buffer.AsSpan(0, _length);

    /// <summary>Reads a body to its end; null when it is longer than the limit.</summary>
    public static async Task<ResponseBody?> ReadAsync(HttpContent content, int limit, CancellationToken cancellation)
    {
        if (content.Headers.ContentLength > limit)
        {
            return null;
        }

        var body = new ResponseBody();
        try
        {
            await using Stream stream = await content.ReadAsStreamAsync(cancellation);
            while (true)
            {
                if (body._length == body._buffer.Length)
                {
                    body.Grow();
                }

                int read = await stream.ReadAsync(body._buffer.AsMemory(body._length), cancellation);
                if (read == 0)
                {
                    return body;
                }

                body._length += read;
                if (body._length > limit)
                {
                    body.Dispose();
                    return null;
                }
            }
        }
        catch
        {
            body.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_buffer.Length > 0)
        {
            // Secrets pass through here, and the pool is everybody's.
            ArrayPool<byte>.Shared.Return(_buffer, clearArray: true);
            (_buffer, _length) = ([], 0);
        }
    }

    private void Grow()
    {
        byte[] larger = ArrayPool<byte>.Shared.Rent(_buffer.Length * 2);
        _buffer.AsSpan(0, _length).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_buffer, clearArray: true);
        _buffer = larger;
    }
}

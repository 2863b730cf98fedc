using Google.Protobuf.WellKnownTypes;

namespace Ambient.Grpc.Tests.Client;

/// <summary>A connection of one call: what was said on it, until it is dead.</summary>
internal sealed class SaidStream : MemoryStream
{
    private const int Prefix = 5;

    /// <summary>The messages so far.</summary>
    public List<string> Said { get; } = [];

    /// <summary>Nothing can be said any more.</summary>
    public bool IsDead { get; set; }

    /// <summary>Happens once, when the head goes out.</summary>
    public Action? OnFlush { get; set; }

    public override Task FlushAsync(CancellationToken cancellationToken)
    {
        (Action? happens, OnFlush) = (OnFlush, null);
        happens?.Invoke();
        return IsDead ? Task.FromException(new IOException("dead")) : Task.CompletedTask;
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (IsDead)
        {
            return ValueTask.FromException(new IOException("dead"));
        }

        Said.Add(StringValue.Parser.ParseFrom(buffer.Span[Prefix..]).Value);
        return ValueTask.CompletedTask;
    }
}

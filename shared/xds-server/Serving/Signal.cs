using System.Threading.Channels;

namespace Ambient.Xds.Server.Serving;

/// <summary>Wakes one waiter; any number of signals before it looks are one. Thread-safe, and harmless after the waiter has gone: whoever tells everybody may still hold it.</summary>
public sealed class Signal
{
    private readonly Channel<bool> _set = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    /// <summary>Wakes it, now or when it looks.</summary>
    public void Set() => _set.Writer.TryWrite(true);

    /// <summary>Completes once it is set, and takes that back.</summary>
    public ValueTask<bool> WaitAsync(CancellationToken cancellation) => _set.Reader.ReadAsync(cancellation);
}

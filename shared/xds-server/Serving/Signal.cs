using System.Threading.Channels;

namespace Ambient.Xds.Server.Serving;

/// <summary>Wakes one waiter; any number of signals before it looks are one. Thread-safe, and harmless after the waiter has gone: whoever tells everybody may still hold it.</summary>
internal sealed class Signal
{
    private readonly Channel<bool> _set = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    internal void Set() => _set.Writer.TryWrite(true);

    internal ValueTask<bool> WaitAsync(CancellationToken cancellation) => _set.Reader.ReadAsync(cancellation);
}

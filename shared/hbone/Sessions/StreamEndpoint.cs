using Ambient.Hbone.Headers;
using Ambient.Linux;
using Ambient.Linux.Sockets;

namespace Ambient.Hbone.Sessions;

/// <summary>The local side of one CONNECT stream; for ztunnel the application's socket. Loop-affine, called by the session only.</summary>
public abstract class StreamEndpoint
{
    /// <summary>The stream, from the moment it is asked for until it is closed.</summary>
    public TunnelStream? Stream { get; internal set; }

    /// <summary>Reads into the gaps of outgoing TLS records: bytes read, 0 at the end, EAGAIN when there is nothing now, any other error when the source failed.</summary>
    public abstract SysResult Read(ReadOnlySpan<IoVector> into);

    /// <summary>Takes received bytes: how many, or EAGAIN when full (then <see cref="TunnelStream.OnSinkWritable"/> must follow).</summary>
    public abstract SysResult Write(ReadOnlySpan<IoVector> from);

    /// <summary>Client role: the 200 arrived; the source is read from now on.</summary>
    public virtual void OnOpened(in ConnectResponse response)
    {
    }

    /// <summary>The peer has ended its direction and every byte is written: half-close the local side.</summary>
    public abstract void OnPeerEnded();

    /// <summary>The stream is gone. Called exactly once; nothing else is called afterwards.</summary>
    public abstract void OnClosed(in StreamClosure closure);
}

using Ambient.EventLoop;
using Ambient.Hbone.Frames;
using Ambient.Hbone.Sessions;
using Ambient.Linux;
using Ambient.Linux.Sockets;
using Ambient.Mesh.Connections;

namespace Ambient.Hbone.Sockets;

/// <summary>
/// A TCP socket as the local side of a CONNECT stream: FIN becomes END_STREAM and back, RST becomes RST_STREAM and back. Loop-affine.
/// </summary>
public abstract class SocketEndpoint : StreamEndpoint, IAppSocketOwner
{
    /// <summary>Without a descriptor yet.</summary>
    protected SocketEndpoint() => Socket = new AppSocket(this);

    /// <summary>The socket.</summary>
    protected AppSocket Socket { get; }

    /// <inheritdoc/>
    public override SysResult Read(ReadOnlySpan<IoVector> into)
    {
        SysResult read = SocketIo.ReadVector(Socket.Descriptor, into);
        if (read.Value > 0)
        {
            OnBytesFromSocket(read.Value);
        }

        return read;
    }

    /// <inheritdoc/>
    public override SysResult Write(ReadOnlySpan<IoVector> from)
    {
        SysResult written = SocketIo.WriteVector(Socket.Descriptor, from);
        if (written.Value > 0)
        {
            OnBytesToSocket(written.Value);
        }

        return written;
    }

    /// <inheritdoc/>
    public override void OnPeerEnded() => SocketIo.ShutdownWrite(Socket.Descriptor);

    /// <inheritdoc/>
    public override void OnClosed(in StreamClosure closure)
    {
        // NO_ERROR from the peer is a clean end too (ztunnel.md 2.7); everything else must not look like one. What came whole stays whole:
        // a reset would discard what the kernel has not sent yet.
        Socket.Close(reset: !IsGraceful(closure));
        OnEnded(closure);
    }

    /// <summary>Whether the socket's peer sees an end and no reset.</summary>
    protected static bool IsGraceful(in StreamClosure closure) => closure.Clean || closure.IsRemoteComplete
        || (closure.ByPeer && closure.Reason == CloseReason.PeerReset && closure.Code == Http2Error.NoError);

    /// <inheritdoc/>
    public virtual void OnSocketEvents(AppSocket socket, PollEvents events)
    {
        if (Stream is not { } stream)
        {
            return;
        }

        if ((events & PollEvents.Out) != PollEvents.None)
        {
            stream.OnSinkWritable();
        }

        if (socket.IsReadable && !stream.IsClosed)
        {
            socket.IsReadable = false;
            stream.OnSourceReadable(socket.IsEnding);
        }

        // A reset behind an end: nothing is read any more that would tell it.
        if ((events & PollEvents.Error) != PollEvents.None && stream is { IsClosed: false, IsSourceEnded: true } && socket.PendingError() is { IsError: true } error)
        {
            stream.Reset(Http2Error.ConnectError, CloseReason.AppReset, error.ToString());
        }
    }

    /// <summary>Tells the stream what happened before it was there.</summary>
    protected void ResumeReading()
    {
        if (Stream is { } stream && Socket.IsReadable)
        {
            Socket.IsReadable = false;
            stream.OnSourceReadable(Socket.IsEnding);
        }
    }

    /// <summary>Bytes came from the socket.</summary>
    protected abstract void OnBytesFromSocket(long bytes);

    /// <summary>Bytes went to the socket.</summary>
    protected abstract void OnBytesToSocket(long bytes);

    /// <summary>The stream and the socket are gone.</summary>
    protected abstract void OnEnded(in StreamClosure closure);
}

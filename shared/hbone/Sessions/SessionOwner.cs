using Ambient.Hbone.Headers;
using Ambient.Mesh.Connections;

namespace Ambient.Hbone.Sessions;

/// <summary>Who is told about the life of a session: a listener's handler, or the pool. Loop-affine.</summary>
public abstract class SessionOwner
{
    /// <summary>TLS is done and the peer is known.</summary>
    public virtual void OnEstablished(Session session)
    {
    }

    /// <summary>Server role: a CONNECT arrived; answer with <see cref="TunnelStream.Accept"/> or <see cref="TunnelStream.Refuse"/>, now or later.</summary>
    public virtual void OnConnect(Session session, TunnelStream stream, ConnectRequest request) => stream.Refuse(503);

    /// <summary>Server role: a stream that was not answered yet is gone; its <see cref="TunnelStream.Tag"/> tells whose it was.</summary>
    public virtual void OnAbandoned(Session session, TunnelStream stream, in StreamClosure closure)
    {
    }

    /// <summary>A stream ended: there is room for another.</summary>
    public virtual void OnRoom(Session session)
    {
    }

    /// <summary>The session takes no new streams any more (GOAWAY, drain); the living ones go on.</summary>
    public virtual void OnClosing(Session session)
    {
    }

    /// <summary>The session is gone, after all of its streams. Called exactly once.</summary>
    public virtual void OnClosed(Session session, CloseReason reason, string detail)
    {
    }
}

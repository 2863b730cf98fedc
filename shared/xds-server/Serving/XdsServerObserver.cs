using Ambient.Xds.Server.Sessions;

namespace Ambient.Xds.Server.Serving;

/// <summary>Told what an <see cref="XdsServer"/> does; every member does nothing unless overridden. Called on any thread; must not throw.</summary>
public class XdsServerObserver
{
    /// <summary>A client is connected and known.</summary>
    public virtual void OnConnected(string client, string peer)
    {
    }

    /// <summary>A client's stream ended.</summary>
    public virtual void OnDisconnected(string client, TimeSpan duration)
    {
    }

    /// <summary>A request came.</summary>
    public virtual void OnRequest(string client, string typeUrl, RequestKind kind)
    {
    }

    /// <summary>A client refused a response; what it holds is the last good state.</summary>
    public virtual void OnRefused(string client, string typeUrl, string reason)
    {
    }

    /// <summary>A response was taken by the client's connection.</summary>
    public virtual void OnSent(string client, string typeUrl, int resources, int removed, long bytes)
    {
    }
}

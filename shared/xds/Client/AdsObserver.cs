namespace Ambient.Xds.Client;

/// <summary>Told what the client does, for logs and metrics. Called on one thread at a time; must not throw.</summary>
public class AdsObserver
{
    /// <summary>A stream is open and the first requests are on their way.</summary>
    public virtual void OnConnected()
    {
    }

    /// <summary>A stream ended, or could not be opened.</summary>
    /// <param name="end">How.</param>
    /// <param name="detail">Why, for operators.</param>
    /// <param name="wait">How long until the next attempt.</param>
    public virtual void OnTerminated(StreamEnd end, string detail, TimeSpan wait)
    {
    }

    /// <summary>A response came.</summary>
    /// <param name="typeUrl">Its type.</param>
    /// <param name="resources">How many resources it has.</param>
    /// <param name="removed">How many names it removes.</param>
    /// <param name="payloadBytes">The size of the resources.</param>
    public virtual void OnResponse(string typeUrl, int resources, int removed, long payloadBytes)
    {
    }

    /// <summary>Resources were refused; the others of the response are in force.</summary>
    public virtual void OnRejected(string typeUrl, string reasons)
    {
    }

    /// <summary>A response has a type that nobody asked for.</summary>
    public virtual void OnUnknownType(string typeUrl)
    {
    }
}

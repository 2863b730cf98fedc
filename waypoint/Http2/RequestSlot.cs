using Ambient.Routing.Messages;

namespace Ambient.Waypoint.Http2;

/// <summary>What one of many requests on a connection needs for itself; reused. Loop-affine.</summary>
internal sealed class RequestSlot
{
    public RequestSlot(RequestFacts connection)
    {
        Facts = new RequestFacts
        {
            Client = connection.Client,
            SourceAddress = connection.SourceAddress,
            RemoteAddress = connection.RemoteAddress,
            DestinationAddress = connection.DestinationAddress,
            DestinationPort = connection.DestinationPort,
            ServerName = connection.ServerName,
        };
    }

    /// <summary>The request's head.</summary>
    public RequestHead Head { get; } = new();

    /// <summary>Fields of an answer of our own.</summary>
    public FieldList Answer { get; } = new();

    /// <summary>What routes and policies may look at.</summary>
    public RequestFacts Facts { get; }
}

using Ambient.Routing.Messages;

namespace Ambient.Waypoint.Http;

/// <summary>One request on its way to an endpoint, whatever the version. Loop-affine.</summary>
internal interface IEndpointRequest
{
    /// <summary>Whether nothing more should be written for now.</summary>
    bool IsFull { get; }

    /// <summary>Whether the endpoint closed a kept connection before it can have seen this request.</summary>
    bool WasStale { get; }

    /// <summary>Begins; <see cref="IResponseSink.OnConnected"/> follows now or later.</summary>
    void Begin(IResponseSink sink);

    /// <summary>Writes the head of the request.</summary>
    void SendHead(RequestHead head, BodyFraming framing, string upgrade);

    /// <summary>Writes a part of the body.</summary>
    void SendData(ReadOnlySpan<byte> data);

    /// <summary>The request is whole.</summary>
    void SendEnd(FieldList? trailers);

    /// <summary>The upgrade was accepted: from now on everything is plain bytes.</summary>
    void BecomePlain();

    /// <summary>The sink can take more.</summary>
    void ResumeResponse();

    /// <summary>Gives it up; the sink is not told.</summary>
    void Abandon(string detail);
}

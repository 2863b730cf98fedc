using Ambient.Routing.Actions;
using Ambient.Routing.Messages;

namespace Ambient.Waypoint.Http;

/// <summary>Who gets the answer of an endpoint. Loop-affine.</summary>
internal interface IResponseSink
{
    /// <summary>Whether more of the body can be taken.</summary>
    bool CanTakeResponse { get; }

    /// <summary>Whether the request asks for another protocol, so that an endpoint in HTTP/2 must have said that it takes that.</summary>
    bool WantsUpgrade => false;

    /// <summary>The connection is there: the request may be written.</summary>
    void OnConnected();

    /// <summary>Room for more of the request.</summary>
    void OnServerDrained();

    /// <summary>The head, interim ones (1xx) included.</summary>
    void OnResponseHead(ResponseHead head, BodyFraming framing);

    /// <summary>A part of the body.</summary>
    void OnResponseData(ReadOnlySpan<byte> data);

    /// <summary>The answer is whole; the connection is not this request's any more.</summary>
    void OnResponseEnd(FieldList? trailers);

    /// <summary>There will be no (whole) answer; the connection is gone.</summary>
    void OnFailed(UpstreamFailure failure, string? detail);
}

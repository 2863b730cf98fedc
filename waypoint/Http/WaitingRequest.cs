using Ambient.EventLoop;
using Ambient.Routing.Actions;
using Ambient.Routing.Messages;

namespace Ambient.Waypoint.Http;

/// <summary>A request that waits until one of the connections that there may be is free. Loop-affine.</summary>
internal sealed class WaitingRequest(ClientPool pool) : IEndpointRequest, ILoopFault
{
    private Http1Client? _client;
    private IResponseSink? _sink;

    /// <inheritdoc/>
    public bool IsFull => _client?.IsFull ?? true;

    /// <inheritdoc/>
    public bool WasStale => _client?.WasStale ?? false;

    /// <inheritdoc/>
    public void Begin(IResponseSink sink)
    {
        _sink = sink;
        pool.Wait(this);
    }

    /// <summary>Goes on with a connection.</summary>
    public void Use(Http1Client client)
    {
        _client = client;
        client.Begin(_sink!);
    }

    /// <inheritdoc/>
    public void SendHead(RequestHead head, BodyFraming framing, string upgrade) => _client?.SendHead(head, framing, upgrade);

    /// <inheritdoc/>
    public void SendData(ReadOnlySpan<byte> data) => _client?.SendData(data);

    /// <inheritdoc/>
    public void SendEnd(FieldList? trailers) => _client?.SendEnd(trailers);

    /// <inheritdoc/>
    public void BecomePlain() => _client?.BecomePlain();

    /// <inheritdoc/>
    public void ResumeResponse() => _client?.ResumeResponse();

    /// <inheritdoc/>
    public void Abandon(string detail)
    {
        if (_client is null)
        {
            pool.Leave(this);
        }
        else
        {
            _client.Abandon(detail);
        }
    }

    /// <inheritdoc/>
    void ILoopFault.OnFault(Exception exception)
    {
        Abandon(exception.Message);
        if (_sink is ILoopFault owner)
        {
            owner.OnFault(exception);
        }
        else
        {
            _sink?.OnFailed(UpstreamFailure.ConnectFailed, exception.Message);
        }
    }
}

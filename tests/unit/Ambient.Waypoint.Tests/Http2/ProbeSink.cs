using Ambient.Routing.Actions;
using Ambient.Routing.Messages;
using Ambient.Waypoint.Http;

namespace Ambient.Waypoint.Tests.Http2;

/// <summary>Writes down what becomes of a request.</summary>
internal sealed class ProbeSink : IResponseSink
{
    public bool CanTakeResponse { get; set; } = true;

    public List<string> Events { get; } = [];

    /// <summary>What happens as soon as the request may be written.</summary>
    public Action? WhenConnected { get; init; }

    public void OnConnected()
    {
        Events.Add("connected");
        WhenConnected?.Invoke();
    }

    public void OnServerDrained()
    {
    }

    public void OnResponseHead(ResponseHead head, BodyFraming framing) => Events.Add($"{head.Status} {framing.Kind} length={head.Fields.Text("content-length")}");

    public void OnResponseData(ReadOnlySpan<byte> data) => Events.Add($"data {data.Length}");

    public void OnResponseEnd(FieldList? trailers) => Events.Add($"end {trailers?.Text("grpc-status")}");

    public void OnFailed(UpstreamFailure failure, string? detail) => Events.Add($"failed {failure}");
}

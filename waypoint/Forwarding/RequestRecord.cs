using Ambient.Mesh.Services;
using Ambient.Mesh.Workloads;
using Ambient.Routing.Messages;
using Ambient.Routing.Routes;
using Ambient.Waypoint.Observation;
using Ambient.Waypoint.Observation.Logs;
using Ambient.Waypoint.Observation.Traces;

namespace Ambient.Waypoint.Forwarding;

/// <summary>Everything a request has to say about itself, from which metrics and logs are made. Loop-affine.</summary>
internal sealed class RequestRecord
{
    /// <summary>When it began, milliseconds of the loop.</summary>
    public long Started { get; init; }

    /// <summary>The wall clock at that time.</summary>
    public DateTimeOffset StartTime { get; init; }

    /// <summary>The request, with what was edited; valid until it is over.</summary>
    public RequestHead? Head { get; private set; }

    /// <summary>Where it stands in its trace.</summary>
    public TraceState Trace;

    /// <summary>Fields of the answer that somebody will ask for.</summary>
    public KeptFields? Kept { get; set; }

    /// <summary>The route; null before one is found.</summary>
    public Route? Route { get; set; }

    /// <summary>The port of the service that the route chose.</summary>
    public int? ServicePort { get; set; }

    /// <summary>How often it was sent to an endpoint.</summary>
    public int Attempts { get; set; }

    /// <summary>Method, path as the client sent it, authority.</summary>
    public string Method { get; set; } = "";

    /// <summary>The version, as logs call it.</summary>
    public string Protocol { get; set; } = "HTTP/1.1";

    /// <summary>Path and query.</summary>
    public string Target { get; set; } = "";

    /// <summary>Host.</summary>
    public string Authority { get; set; } = "";

    /// <summary>Whether it is gRPC.</summary>
    public bool IsGrpc { get; set; }

    /// <summary>The status that was sent; 0 for none.</summary>
    public int Status { get; set; }

    /// <summary>grpc-status; empty for none.</summary>
    public string GrpcStatus { get; set; } = "";

    /// <summary>What happened.</summary>
    public ResponseFlags Flags { get; set; }

    /// <summary>The same in words.</summary>
    public string Details { get; set; } = "via_upstream";

    /// <summary>Why the transport to the endpoint failed.</summary>
    public string? TransportFailure { get; set; }

    /// <summary>Bytes of the request's body.</summary>
    public long BytesReceived { get; set; }

    /// <summary>Bytes of the response's body.</summary>
    public long BytesSent { get; set; }

    /// <summary>Bytes of the request's head as it came.</summary>
    public long RequestHeadBytes { get; set; }

    /// <summary>Bytes of the response's head as it was sent.</summary>
    public long ResponseHeadBytes { get; set; }

    /// <summary>gRPC messages of the client.</summary>
    public GrpcMessageCounter RequestMessages;

    /// <summary>gRPC messages of the endpoint.</summary>
    public GrpcMessageCounter ResponseMessages;

    /// <summary>What metrics have already taken of messages or bytes of the client.</summary>
    public long CountedReceived { get; set; }

    /// <summary>What metrics have already taken of messages or bytes for the client.</summary>
    public long CountedSent { get; set; }

    /// <summary>Whether metrics know that the connection was opened.</summary>
    public bool IsOpenCounted { get; set; }

    /// <summary>Milliseconds until the endpoint's head; −1 without one.</summary>
    public long UpstreamTime { get; set; } = -1;

    /// <summary>The route's name.</summary>
    public string RouteName { get; set; } = "";

    /// <summary>The service that the route chose.</summary>
    public NamespacedHostname? Service { get; set; }

    /// <summary>The destination's name in logs.</summary>
    public string Cluster { get; set; } = "";

    /// <summary>The endpoint's workload.</summary>
    public Workload? Endpoint { get; set; }

    /// <summary>The endpoint's address.</summary>
    public string UpstreamHost { get; set; } = "";

    /// <summary>Fields that logs show.</summary>
    public string? RequestId { get; set; }

    /// <summary>User-Agent.</summary>
    public string? UserAgent { get; set; }

    /// <summary>X-Forwarded-For.</summary>
    public string? ForwardedFor { get; set; }

    /// <summary>A part of the request's body.</summary>
    public void Received(ReadOnlySpan<byte> data)
    {
        BytesReceived += data.Length;
        if (IsGrpc)
        {
            RequestMessages.Add(data);
        }
    }

    /// <summary>A part of the response's body.</summary>
    public void Sent(ReadOnlySpan<byte> data)
    {
        BytesSent += data.Length;
        if (IsGrpc)
        {
            ResponseMessages.Add(data);
        }
    }

    /// <summary>What policies on trial would have said; null when there are none.</summary>
    public DryRunVerdicts? DryRun { get; set; }

    /// <summary>Takes from the request what logs show, before anything is edited.</summary>
    public void Take(RequestHead head)
    {
        Head = head;
        Method = head.Method;
        Target = head.Target;
        Authority = head.Authority;
        IsGrpc = head.IsGrpc;
        UserAgent = head.Fields.Text("user-agent");
        ForwardedFor = head.Fields.Text("x-forwarded-for");
    }
}

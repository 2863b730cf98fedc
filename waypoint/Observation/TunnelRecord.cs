using Ambient.Mesh.Addresses;
using Ambient.Mesh.Views;
using Ambient.Mesh.Workloads;
using Ambient.Routing.Messages;
using Ambient.Waypoint.Forwarding;
using Ambient.Waypoint.Http;
using Ambient.Waypoint.Observation.Logs;
using Ambient.Waypoint.Observation.Plans;
using Ambient.Waypoint.Observation.Traces;
using Ambient.Waypoint.Tunnels;

namespace Ambient.Waypoint.Observation;

/// <summary>What a tunnel's requests and connections say as they begin and end. Loop-affine.</summary>
internal sealed class TunnelRecord(InboundTunnel tunnel)
{
    private readonly ObservedRequest _seen = new(tunnel);
    private MeshView? _view;
    private Workload? _source;
    private ObservationPlan? _plan;
    private ServiceProfile _profile = null!;
    private RequestKind _kind;
    private RequestSeries? _series;

    /// <summary>A request was read and normalised; policies have not seen it yet.</summary>
    public void OnStarted(RequestRecord record, RequestHead head)
    {
        if (record.IsGrpc)
        {
            tunnel.Loop.Metrics.Watch(record, this);
        }

        if (Profile().Trace is { } plan)
        {
            Begin(plan, record, head.Fields);
        }
    }

    /// <summary>A request has been edited and goes on to its endpoint.</summary>
    public void OnForwarding(RequestRecord record, RequestHead head)
    {
        if (record.Trace.IsActive && Profile().Trace is { Propagates: true } plan)
        {
            TraceContext.Write(head.Fields, record.Trace, plan.Own | record.Trace.Forms);
        }
    }

    /// <summary>An answer's head goes to the client.</summary>
    public void OnResponse(RequestRecord record, FieldList fields)
    {
        if (Profile().KeptFields is { Length: > 0 } names)
        {
            (record.Kept ??= new KeptFields(names)).TakeFields(fields);
        }
    }

    /// <summary>An answer has trailers.</summary>
    public void OnTrailers(RequestRecord record, FieldList trailers)
    {
        if (Profile().KeptFields is { Length: > 0 } names)
        {
            (record.Kept ??= new KeptFields(names)).TakeTrailers(trailers);
        }
    }

    /// <summary>A request is over.</summary>
    public void OnCompleted(RequestRecord record)
    {
        ServiceProfile profile = Profile();
        ObservedRequest seen = _seen.Fill(record, tunnel.Loop.Loop.NowMilliseconds - record.Started, Source());
        Count(profile.Metrics, seen);
        if (profile.Logs.Length > 0)
        {
            tunnel.Loop.AccessLog.Write(profile.Logs, seen);
        }

        if (record.Trace is { IsActive: true, IsSampled: true } && profile.Trace is { Sink: { } sink } plan)
        {
            sink.Add(SpanBuilder.Build(seen, plan));
        }
    }

    /// <summary>Bytes that are no request were answered.</summary>
    public void OnBadRequest(RequestHead head, HttpError error)
    {
        RequestRecord record = new() { Started = tunnel.Loop.Loop.NowMilliseconds, StartTime = tunnel.Loop.Clock.GetUtcNow(), Status = error.Status, Details = error.Details };
        record.Take(head);
        record.RequestId = head.Fields.Text("x-request-id");
        record.Flags = error.Status == 400 ? ResponseFlags.ClientProtocolError : ResponseFlags.None;
        OnCompleted(record);
    }

    /// <summary>A connection without HTTP began; it is counted once its endpoint is known.</summary>
    public void OnTcpOpened(RequestRecord record) => tunnel.Loop.Metrics.Watch(record, this);

    /// <summary>Its endpoint was chosen.</summary>
    public void OnTcpRouted(RequestRecord record) => CountConnection(record, isOver: false);

    /// <summary>A connection without HTTP is over.</summary>
    public void OnTcpClosed(RequestRecord record)
    {
        tunnel.Loop.Metrics.Forget(record);
        CountConnection(record, isOver: true);
        if (Profile().Logs is { Length: > 0 } logs)
        {
            tunnel.Loop.AccessLog.Write(logs, _seen.Fill(record, tunnel.Loop.Loop.NowMilliseconds - record.Started, Source()));
        }
    }

    /// <summary>Counts what has happened so far of something that lasts.</summary>
    public void Report(RequestRecord record)
    {
        if (record.IsGrpc)
        {
            CountMessages(record);
        }
        else if (record.Endpoint is not null)
        {
            CountConnection(record, isOver: false);
        }
    }

    private void Begin(TracePlan plan, RequestRecord record, FieldList fields)
    {
        Random random = tunnel.Loop.Random;
        record.Trace = TraceContext.Read(fields, plan.Own);
        ref TraceState trace = ref record.Trace;
        if (trace.ParentId == 0)
        {
            (trace.TraceHigh, trace.TraceLow) = ((ulong)random.NextInt64(1, long.MaxValue), (ulong)random.NextInt64(1, long.MaxValue));
        }

        trace.SpanId = (ulong)random.NextInt64(1, long.MaxValue);
        trace.IsSampled ??= Sampling.Decide(fields, plan, random);
        Sampling.Mark(fields, trace.IsSampled == true);
        record.RequestId = fields.Text("x-request-id");
    }

    private RequestKind KindOf(RequestRecord record, MetricPlan plan, ObservedRequest? seen)
    {
        bool isEdge = tunnel.Edge is not null;
        return new RequestKind(
            isEdge ? tunnel.Loop.Place.Find(tunnel.Loop.View) : Source(), isEdge ? tunnel.Loop.Identity : tunnel.Facts.Client, record.Endpoint, record.Service, record.Status, record.IsGrpc ? record.GrpcStatus : "", record.Flags, record.IsGrpc, plan, Computed(plan, seen))
        {
            IsEdge = isEdge,
        };
    }

    // Only rules with expressions make a text for each request; apart from this method, for what a lambda captures is allocated as soon as its method begins.
    private static string Computed(MetricPlan plan, ObservedRequest? seen) => plan.Computed.Count == 0 || seen is null ? "" : ComputedAnew(plan, seen);

    private static string ComputedAnew(MetricPlan plan, ObservedRequest seen) =>
        string.Concat(plan.Computed.Select(expression => (expression.Evaluate(seen).AsText() ?? "unknown").Replace(RequestKind.Separator, '?') + RequestKind.Separator));

    private void Count(MetricPlan plan, ObservedRequest seen)
    {
        RequestRecord record = seen.Record;
        if (plan.IsOff)
        {
            tunnel.Loop.Metrics.Forget(record);
            return;
        }

        RequestKind kind = KindOf(record, plan, seen);
        if (_series is null || !kind.Equals(_kind))
        {
            // Most requests of a tunnel are of the kind of the one before.
            _series = tunnel.Loop.Metrics.RequestsOf(kind);
            _kind = kind;
        }

        _series.Requests?.Increment();
        _series.RequestBytes?.Observe(record.RequestHeadBytes + record.BytesReceived);
        _series.ResponseBytes?.Observe(record.ResponseHeadBytes + record.BytesSent);
        if (record.Status > 0)
        {
            _series.Duration?.Observe(seen.Duration);
        }

        if (record.IsGrpc)
        {
            tunnel.Loop.Metrics.Forget(record);
            CountMessages(record);
        }
    }

    private void CountMessages(RequestRecord record)
    {
        MessageSeries series = tunnel.Loop.Metrics.MessagesOf(KindOf(record, Profile().Metrics, null));
        series.Requests?.Add(record.RequestMessages.Count - record.CountedReceived);
        series.Responses?.Add(record.ResponseMessages.Count - record.CountedSent);
        (record.CountedReceived, record.CountedSent) = (record.RequestMessages.Count, record.ResponseMessages.Count);
    }

    private void CountConnection(RequestRecord record, bool isOver)
    {
        ConnectionSeries series = tunnel.Loop.Metrics.ConnectionsOf(KindOf(record, Profile().Metrics, null));
        if (!record.IsOpenCounted)
        {
            record.IsOpenCounted = true;
            series.Opened?.Increment();
        }

        if (isOver)
        {
            series.Closed?.Increment();
        }

        series.Sent?.Add(record.BytesSent - record.CountedSent);
        series.Received?.Add(record.BytesReceived - record.CountedReceived);
        (record.CountedReceived, record.CountedSent) = (record.BytesReceived, record.BytesSent);
    }

    // What is observed changes with the configuration, also for tunnels that are open.
    private ServiceProfile Profile()
    {
        ObservationPlan plan = tunnel.Loop.Observation;
        if (!ReferenceEquals(plan, _plan))
        {
            _plan = plan;
            _profile = plan.Of(tunnel.Served.Service);
        }

        return _profile;
    }

    private Workload? Source()
    {
        MeshView view = tunnel.Loop.View;
        if (!ReferenceEquals(view, _view))
        {
            _view = view;
            _source = view.FindWorkload(new NetworkAddress(tunnel.Loop.Options.Network, tunnel.Source.Address));
        }

        return _source;
    }
}

using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Ambient.Component.Tests.Ztunnel;
using Ambient.Protocol.OpenTelemetry;
using Ambient.Testing.Waiting;
using Ambient.Topology.Networks;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace Ambient.Component.Tests.Waypoints;

/// <summary>
/// A receiver of OTLP on a pod's loopback: gRPC without TLS, or POSTs; spans of Zipkin are kept as they came. Kestrel's HTTP/2, so nothing of it is ours. Disposing it
/// stops it.
/// </summary>
internal sealed class OtlpCollector : IAsyncDisposable
{
    private readonly WebApplication _server;
    private readonly Socket _listener;

    private OtlpCollector(WebApplication server, Socket listener)
    {
        _server = server;
        _listener = listener;
    }

    public ConcurrentQueue<Span> Spans { get; } = [];

    public ConcurrentQueue<LogRecord> Logs { get; } = [];

    public ConcurrentQueue<string> Zipkin { get; } = [];

    public ConcurrentQueue<string> Resources { get; } = [];

    /// <summary>Calls are answered with UNAVAILABLE while this is set.</summary>
    public bool IsAway { get; set; }

    public static async Task<OtlpCollector> StartAsync(VirtualPod pod, int port, bool isHttp2)
    {
        Socket listener = MeshPair.Listen(pod, new IPEndPoint(IPAddress.Loopback, port));
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(options => options.ListenHandle((ulong)listener.Handle, endpoint => endpoint.Protocols = isHttp2 ? HttpProtocols.Http2 : HttpProtocols.Http1));
        WebApplication server = builder.Build();
        OtlpCollector collector = new(server, listener);
        server.Run(collector.ReceiveAsync);
        await server.StartAsync();
        return collector;
    }

    /// <summary>Waits for a span of a name.</summary>
    public async Task<Span> SpanAsync(Func<Span, bool> isIt)
    {
        await Eventually.TrueAsync(() => Task.FromResult(Spans.Any(isIt)));
        return Spans.First(isIt);
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _listener.Dispose();
    }

    private async Task ReceiveAsync(HttpContext context)
    {
        using MemoryStream body = new();
        await context.Request.Body.CopyToAsync(body);
        bool isGrpc = context.Request.ContentType == "application/grpc";
        if (isGrpc)
        {
            context.Response.ContentType = "application/grpc";
            context.Response.AppendTrailer("grpc-status", IsAway ? "14" : "0");
        }

        if (!IsAway)
        {
            Take(context.Request.Path, body.ToArray().AsSpan(isGrpc ? 5 : 0).ToArray());
        }

        if (isGrpc)
        {
            await context.Response.Body.WriteAsync(new byte[5]);
        }
    }

    private void Take(string path, byte[] message)
    {
        switch (path)
        {
            case "/opentelemetry.proto.collector.trace.v1.TraceService/Export" or "/v1/traces":
                ExportTraceServiceRequest traces = ExportTraceServiceRequest.Parser.ParseFrom(message);
                foreach (ResourceSpans resource in traces.ResourceSpans)
                {
                    Resources.Enqueue(resource.Resource.Attributes.Single(attribute => attribute.Key == "service.name").Value.StringValue);
                    resource.ScopeSpans.SelectMany(scope => scope.Spans).ToList().ForEach(Spans.Enqueue);
                }

                break;
            case "/opentelemetry.proto.collector.logs.v1.LogsService/Export":
                ExportLogsServiceRequest.Parser.ParseFrom(message).ResourceLogs.SelectMany(resource => resource.ScopeLogs).SelectMany(scope => scope.LogRecords).ToList().ForEach(Logs.Enqueue);
                break;
            default:
                Zipkin.Enqueue(System.Text.Encoding.UTF8.GetString(message));
                break;
        }
    }
}

using Ambient.Grpc.Framing;
using Ambient.Protocol.Envoy.Discovery;
using Microsoft.AspNetCore.Http;

namespace Ambient.Component.Tests.ControlPlane;

/// <summary>One delta stream, played by a test from the server's side.</summary>
internal sealed class DiscoveryStream(HttpContext context)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);
    private readonly MessageReader _reader = new(context.Request.Body, 1 << 24);

    /// <summary>The first requests by type.</summary>
    public Dictionary<string, DeltaDiscoveryRequest> First { get; } = new(StringComparer.Ordinal);

    /// <summary>Reads the two requests that begin a stream.</summary>
    public async Task ReadFirstAsync()
    {
        for (int i = 0; i < 2; i++)
        {
            DeltaDiscoveryRequest request = await NextAsync();
            First.Add(request.TypeUrl, request);
        }
    }

    /// <summary>The next request.</summary>
    public async Task<DeltaDiscoveryRequest> NextAsync() =>
        await _reader.ReadAsync(DeltaDiscoveryRequest.Parser, CancellationToken.None).AsTask().WaitAsync(Limit) ?? throw new InvalidOperationException("the client ended the stream");

    /// <summary>Sends a response.</summary>
    public Task SendAsync(string type, string nonce, IEnumerable<Resource> resources, params string[] removed)
    {
        var response = new DeltaDiscoveryResponse { TypeUrl = type, Nonce = nonce };
        response.Resources.AddRange(resources);
        response.RemovedResources.AddRange(removed);
        return PodControlPlane.SendAsync(context, response);
    }

    /// <summary>Sends bytes as they are.</summary>
    public Task SendRawAsync(byte[] bytes) => PodControlPlane.SendRawAsync(context, bytes);

    /// <summary>Ends it as a gRPC server does. The client's side stays open, so that no reset overtakes what was sent last.</summary>
    public Task EndAsync(GrpcCode status, string message)
    {
        PodControlPlane.End(context, status, message);
        return context.Response.CompleteAsync();
    }

    /// <summary>Cuts it.</summary>
    public void Cut() => context.Abort();
}

namespace Ambient.Benchmarks.Load;

/// <summary>The small exchange all request workloads use: one fixed HTTP/1.1 request and one fixed answer.</summary>
internal static class Exchange
{
    /// <summary>Sent by the client.</summary>
    public static ReadOnlySpan<byte> Request => "GET /cart/items HTTP/1.1\r\nHost: cart.shop.svc.cluster.local\r\nUser-Agent: bench\r\n\r\n"u8;

    /// <summary>Sent by the server for each request.</summary>
    public static ReadOnlySpan<byte> Response =>
        "HTTP/1.1 200 OK\r\nServer: bench\r\nContent-Type: text/plain\r\nContent-Length: 64\r\n\r\n0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"u8;
}

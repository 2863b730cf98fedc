using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using Ambient.Protocol.L7;
using Google.Protobuf;

namespace Ambient.Waypoint.Observation.Export;

/// <summary>Sends messages to one collector: gRPC over HTTP/2 without TLS, or a POST. Thread-safe.</summary>
internal sealed class CollectorClient : IDisposable
{
    private static readonly TimeSpan UsualTimeout = TimeSpan.FromSeconds(10);

    private readonly HttpClient _http;
    private readonly Uri _address;
    private readonly bool _isGrpc;
    private readonly string _contentType;
    private readonly IReadOnlyList<HeaderValue> _headers;

    /// <summary>A client; nothing is connected yet.</summary>
    /// <param name="host">Name or address.</param>
    /// <param name="port">Port.</param>
    /// <param name="path">Path of POSTs, or the method of a gRPC call.</param>
    /// <param name="isGrpc">Which of the two.</param>
    /// <param name="contentType">Of POSTs.</param>
    /// <param name="headers">Headers of each; they may hold secrets and are never logged.</param>
    /// <param name="timeoutMilliseconds">For each; 0 is 10 s.</param>
    public CollectorClient(string host, uint port, string path, bool isGrpc, string contentType, IReadOnlyList<HeaderValue> headers, ulong timeoutMilliseconds)
    {
        _isGrpc = isGrpc;
        _contentType = contentType;
        _headers = headers;
        bool isIPv6 = IPAddress.TryParse(host, out IPAddress? address) && address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6;
        _address = new Uri(string.Create(CultureInfo.InvariantCulture, $"http://{(isIPv6 ? $"[{host}]" : host)}:{port}{(path.StartsWith('/') ? "" : "/")}{path}"));
        _http = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            ActivityHeadersPropagator = null,
            ConnectTimeout = TimeSpan.FromSeconds(5),
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        })
        { Timeout = timeoutMilliseconds == 0 ? UsualTimeout : TimeSpan.FromMilliseconds(Math.Clamp(timeoutMilliseconds, 100, 60_000)) };
    }

    /// <summary>Sends a message.</summary>
    public Task<SendResult> SendAsync(IMessage message, CancellationToken cancellation)
    {
        int length = message.CalculateSize();
        int prefix = _isGrpc ? 5 : 0;
        byte[] body = new byte[prefix + length];
        if (_isGrpc)
        {
            BinaryPrimitives.WriteUInt32BigEndian(body.AsSpan(1), (uint)length);
        }

        message.WriteTo(body.AsSpan(prefix));
        return SendAsync(body, cancellation);
    }

    /// <summary>Sends bytes.</summary>
    public async Task<SendResult> SendAsync(byte[] body, CancellationToken cancellation)
    {
        try
        {
            using HttpRequestMessage request = Request(body);
            using HttpResponseMessage response = await _http.SendAsync(request, HttpCompletionOption.ResponseContentRead, cancellation);
            return _isGrpc ? OfGrpc(response) : OfStatus((int)response.StatusCode);
        }
        catch (Exception unreachable) when (unreachable is HttpRequestException or IOException or TaskCanceledException && !cancellation.IsCancellationRequested)
        {
            return SendResult.TryAgain;
        }
        catch (OperationCanceledException)
        {
            return SendResult.Refused;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private static SendResult OfStatus(int status) => status is >= 200 and < 300 ? SendResult.Sent : status is 429 or 502 or 503 or 504 ? SendResult.TryAgain : SendResult.Refused;

    private static SendResult OfGrpc(HttpResponseMessage response)
    {
        string? status = Value(response.TrailingHeaders) ?? Value(response.Headers);
        return (int)response.StatusCode != 200 ? OfStatus((int)response.StatusCode)
            : status switch { "0" => SendResult.Sent, "1" or "4" or "8" or "10" or "11" or "14" or "15" => SendResult.TryAgain, _ => SendResult.Refused };
    }

    private static string? Value(HttpHeaders headers) => headers.TryGetValues("grpc-status", out IEnumerable<string>? values) ? values.FirstOrDefault() : null;

    private HttpRequestMessage Request(byte[] body)
    {
        HttpRequestMessage request = new(HttpMethod.Post, _address) { Content = new ByteArrayContent(body) };
        request.Content.Headers.TryAddWithoutValidation("content-type", _isGrpc ? "application/grpc" : _contentType);
        if (_isGrpc)
        {
            request.Version = HttpVersion.Version20;
            request.VersionPolicy = HttpVersionPolicy.RequestVersionExact;
            request.Headers.TryAddWithoutValidation("te", "trailers");
        }

        foreach (HeaderValue header in _headers)
        {
            request.Headers.TryAddWithoutValidation(header.Name, header.Value);
        }

        return request;
    }
}

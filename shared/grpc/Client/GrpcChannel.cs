using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Ambient.Grpc.Framing;
using Google.Protobuf;

namespace Ambient.Grpc.Client;

/// <summary>
/// Calls to one server over one HTTP/2 connection that is made when first needed. The root certificates are those of the moment
/// at which the channel was made. Thread-safe.
/// </summary>
public sealed class GrpcChannel : IDisposable
{
    private readonly HttpMessageInvoker _http;
    private readonly ServerVerification _verification;
    private readonly TimeProvider _clock;

    /// <summary>Makes a channel; nothing is connected yet.</summary>
    /// <exception cref="ArgumentException">The address is not https.</exception>
    /// <exception cref="InvalidDataException">The root certificates cannot be read.</exception>
    public GrpcChannel(GrpcChannelOptions options, TimeProvider clock)
    {
        if (options.Address.Scheme != Uri.UriSchemeHttps)
        {
            throw new ArgumentException($"The address {options.Address} is not https; plaintext is refused.", nameof(options));
        }

        Options = options;
        _clock = clock;
        _verification = new ServerVerification(options.Roots.Load(), options.AlternativeName);
        _http = new HttpMessageInvoker(MakeHandler(options, _verification));
    }

    /// <summary>What the channel was made with.</summary>
    public GrpcChannelOptions Options { get; }

    internal string? LastRejection => _verification.LastRejection;

    /// <summary>One request, one response.</summary>
    /// <param name="method">The full path, <c>/package.Service/Method</c>.</param>
    /// <param name="request">The message.</param>
    /// <param name="parser">Reads the answer.</param>
    /// <param name="limit">How long the whole call may take; told to the server as well.</param>
    /// <param name="cancellation">Gives up the call.</param>
    /// <exception cref="GrpcException">The call did not end with OK and exactly one message.</exception>
    public async Task<TResponse> CallAsync<TRequest, TResponse>(
        string method, TRequest request, MessageParser<TResponse> parser, TimeSpan limit, CancellationToken cancellation)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse>
    {
        using var deadline = new CancellationTokenSource(limit, _clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellation);
        try
        {
            await using GrpcCall<TRequest, TResponse> call = await OpenAsync<TRequest, TResponse>(method, parser, limit, either.Token);
            await TrySendAsync(call, request, either.Token);
            TResponse response = await call.ReadAsync(either.Token) ?? throw new GrpcException(GrpcCode.Internal, "the call ended without a message");
            return await call.ReadAsync(either.Token) is null ? response : throw new GrpcException(GrpcCode.Internal, "the call has more than one message");
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            throw new GrpcException(GrpcCode.DeadlineExceeded, string.Create(CultureInfo.InvariantCulture, $"no answer within {limit.TotalSeconds:0.###} s"));
        }
    }

    /// <summary>Begins a call of two streams; returns once the server is connected and messages may be sent.</summary>
    /// <exception cref="GrpcException">The server cannot be reached.</exception>
    public Task<GrpcCall<TRequest, TResponse>> OpenAsync<TRequest, TResponse>(string method, MessageParser<TResponse> parser, CancellationToken cancellation)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse> => OpenAsync<TRequest, TResponse>(method, parser, null, cancellation);

    /// <summary>Closes the connection; calls that are open fail.</summary>
    public void Dispose() => _http.Dispose();

    private static async Task TrySendAsync<TRequest, TResponse>(GrpcCall<TRequest, TResponse> call, TRequest request, CancellationToken cancellation)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse>
    {
        try
        {
            await call.SendAsync(request, cancellation);
        }
        catch (GrpcException)
        {
            // The server may answer without reading the request; its answer tells more than the failed write.
        }

        call.CompleteSending();
    }

    private static SocketsHttpHandler MakeHandler(GrpcChannelOptions options, ServerVerification verification) => new()
    {
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.None,
        UseCookies = false,
        UseProxy = false,
        ActivityHeadersPropagator = null,
        ConnectTimeout = options.ConnectTimeout,
        KeepAlivePingDelay = options.PingInterval,
        KeepAlivePingTimeout = options.PingTimeout,
        KeepAlivePingPolicy = HttpKeepAlivePingPolicy.Always,
        PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan,
        SslOptions = verification.ToOptions(options),
        ConnectCallback = (context, cancellation) => ConnectAsync(context.DnsEndPoint, options.PrepareSocket, cancellation),
    };

    /// <summary>One address after the other, each with a socket of its own: what was set by <see cref="GrpcChannelOptions.PrepareSocket"/> would not survive a second attempt.</summary>
    private static async ValueTask<Stream> ConnectAsync(DnsEndPoint server, Action<Socket>? prepare, CancellationToken cancellation)
    {
        IPAddress[] addresses = IPAddress.TryParse(server.Host, out IPAddress? address) ? [address] : await Dns.GetHostAddressesAsync(server.Host, cancellation);
        SocketException failure = new((int)SocketError.HostNotFound);
        foreach (IPAddress candidate in addresses)
        {
            try
            {
                return await ConnectAsync(new IPEndPoint(candidate, server.Port), prepare, cancellation);
            }
            catch (SocketException failed)
            {
                failure = failed;
            }
        }

        throw failure;
    }

    private static async ValueTask<Stream> ConnectAsync(IPEndPoint server, Action<Socket>? prepare, CancellationToken cancellation)
    {
        var socket = new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            prepare?.Invoke(socket);
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, 300);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, 75);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, 9);
            await socket.ConnectAsync(server, cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private async Task<GrpcCall<TRequest, TResponse>> OpenAsync<TRequest, TResponse>(
        string method, MessageParser<TResponse> parser, TimeSpan? limit, CancellationToken cancellation)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse>
    {
        var body = new RequestBody();
        HttpRequestMessage request = await MakeRequestAsync(method, body, limit, cancellation);
        var abort = new CancellationTokenSource();
        Task<HttpResponseMessage> sending = _http.SendAsync(request, abort.Token);
        _ = sending.ContinueWith(static (sent, body) => ((RequestBody)body!).Answered(isFailure: !sent.IsCompletedSuccessfully), body, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        var call = new GrpcCall<TRequest, TResponse>(this, request, body, sending, parser, abort);
        try
        {
            await Task.WhenAny(body.Ready, sending).WaitAsync(cancellation);
            if (sending.IsFaulted)
            {
                // The head may have been sent already; then this is the call's failure and not the connection's.
                throw Failures.FromTransport(sending.Exception.InnerException!, isConnecting: !body.Ready.IsCompletedSuccessfully, LastRejection);
            }

            return call;
        }
        catch
        {
            await call.DisposeAsync();
            throw;
        }
    }

    private async Task<HttpRequestMessage> MakeRequestAsync(string method, RequestBody body, TimeSpan? limit, CancellationToken cancellation)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, new Uri(Options.Address, method))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = body,
        };
        request.Headers.TryAddWithoutValidation("te", "trailers");
        request.Headers.TryAddWithoutValidation("user-agent", "ambient-grpc/1");
        if (limit is { } time)
        {
            request.Headers.TryAddWithoutValidation("grpc-timeout", GrpcTimeout.Format(time));
        }

        if (Options.Headers is { } headers)
        {
            foreach ((string name, string value) in await headers(cancellation))
            {
                if (!request.Headers.TryAddWithoutValidation(name, value))
                {
                    throw new GrpcException(GrpcCode.InvalidArgument, $"the header {name} cannot be sent: its name or value is not allowed in HTTP");
                }
            }
        }

        return request;
    }
}

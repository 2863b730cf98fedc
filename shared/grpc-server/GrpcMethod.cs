using Ambient.Grpc.Framing;
using Google.Protobuf;

namespace Ambient.Grpc.Server;

/// <summary>What a server does for one path. Thread-safe.</summary>
public sealed class GrpcMethod
{
    private GrpcMethod(string path, Func<GrpcServerCall, Task> run)
    {
        Path = path;
        RunAsync = run;
    }

    /// <summary>The path, <c>/package.Service/Method</c>.</summary>
    public string Path { get; }

    /// <summary>The largest request message, in bytes; null: the server's limit.</summary>
    public int? MaxRequestBytes { get; init; }

    internal Func<GrpcServerCall, Task> RunAsync { get; }

    /// <summary>One request, one response.</summary>
    /// <param name="path">The full path.</param>
    /// <param name="parser">Reads the request.</param>
    /// <param name="maxRequestBytes">The largest request, in bytes.</param>
    /// <param name="handle">Answers, or throws <see cref="GrpcException"/>.</param>
    public static GrpcMethod Unary<TRequest, TResponse>(string path, MessageParser<TRequest> parser, int maxRequestBytes, Func<TRequest, GrpcServerCall, Task<TResponse>> handle)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse> =>
        new(path, async call =>
        {
            TRequest request = await call.ReadAsync(parser, call.Aborted)
                ?? throw new GrpcException(GrpcCode.InvalidArgument, "the call has no request message");
            if (await call.ReadAsync(parser, call.Aborted) is not null)
            {
                throw new GrpcException(GrpcCode.InvalidArgument, "the call has more than one request message");
            }

            await call.SendAsync(await handle(request, call), call.Aborted);
        })
        {
            MaxRequestBytes = maxRequestBytes,
        };

    /// <summary>Two streams: the handler reads and sends as it likes; the call ends with OK when it returns.</summary>
    public static GrpcMethod Streams(string path, Func<GrpcServerCall, Task> handle) => new(path, handle);
}

using System.Collections.Frozen;
using System.Globalization;
using Ambient.Grpc.Framing;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Ambient.Grpc.Server;

/// <summary>Brings each request to its method and its outcome into the trailers. Thread-safe.</summary>
internal sealed class CallDispatcher(GrpcServerOptions options, IEnumerable<GrpcMethod> methods, TimeProvider clock, CancellationToken stopping)
{
    private const int MaxDetail = 1024;
    private readonly FrozenDictionary<string, GrpcMethod> _methods = methods.ToFrozenDictionary(static method => method.Path, StringComparer.Ordinal);

    internal async Task RunAsync(HttpContext context)
    {
        long start = clock.GetTimestamp();
        if (!HttpMethods.IsPost(context.Request.Method) || !IsGrpc(context.Request.ContentType))
        {
            context.Response.StatusCode = HttpMethods.IsPost(context.Request.Method) ? StatusCodes.Status415UnsupportedMediaType : StatusCodes.Status405MethodNotAllowed;
            return;
        }

        context.Response.ContentType = "application/grpc";
        bool isKnown = _methods.TryGetValue(context.Request.Path.Value ?? "", out GrpcMethod? method);
        (GrpcCode code, string detail, Exception? fault) = isKnown
            ? await CallAsync(method!, context)
            : (GrpcCode.Unimplemented, "this server has no such method", null);
        Finish(context, code, detail);
        options.CallEnded?.Invoke(new GrpcCallEnd(
            method?.Path ?? "", code, detail, $"{context.Connection.RemoteIpAddress}:{context.Connection.RemotePort}", clock.GetElapsedTime(start), fault));
    }

    /// <summary>gRPC itself, with or without the name of an encoding; not gRPC-Web.</summary>
    private static bool IsGrpc(string? contentType) =>
        contentType is not null && contentType.StartsWith("application/grpc", StringComparison.Ordinal)
        && (contentType.Length == "application/grpc".Length || contentType["application/grpc".Length] is '+' or ';');

    private static void Finish(HttpContext context, GrpcCode code, string detail)
    {
        if (context.RequestAborted.IsCancellationRequested || context.Features.Get<IHttpResponseTrailersFeature>() is null)
        {
            return;
        }

        context.Response.AppendTrailer("grpc-status", ((int)code).ToString(CultureInfo.InvariantCulture));
        if (detail.Length > 0)
        {
            context.Response.AppendTrailer("grpc-message", GrpcStatus.EncodeMessage(detail.Length > MaxDetail ? detail[..MaxDetail] : detail));
        }
    }

    private async Task<(GrpcCode Code, string Detail, Exception? Fault)> CallAsync(GrpcMethod method, HttpContext context)
    {
        if (context.Request.Headers["grpc-encoding"].ToString() is { Length: > 0 } encoding && encoding != "identity")
        {
            context.Response.Headers["grpc-accept-encoding"] = "identity";
            return (GrpcCode.Unimplemented, "compressed messages are not taken", null);
        }

        TimeSpan? limit = null;
        if (context.Request.Headers["grpc-timeout"].ToString() is { Length: > 0 } asked)
        {
            if (!GrpcTimeout.TryParse(asked, out TimeSpan time))
            {
                return (GrpcCode.InvalidArgument, "the header grpc-timeout is no timeout", null);
            }

            limit = time;
        }

        using var deadline = new CancellationTokenSource(limit ?? Timeout.InfiniteTimeSpan, clock);
        using var aborted = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, context.RequestAborted);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(context.Features.Get<ConnectionRecycling.Feature>()?.Ending ?? default, stopping);
        return await JudgeAsync(method, new GrpcServerCall(context, options, method.MaxRequestBytes ?? options.MaxReceiveBytes, clock, ending.Token, aborted.Token), deadline.Token);
    }

    private static async Task<(GrpcCode Code, string Detail, Exception? Fault)> JudgeAsync(GrpcMethod method, GrpcServerCall call, CancellationToken deadline)
    {
        try
        {
            await method.RunAsync(call);
            return (GrpcCode.Ok, "", null);
        }
        catch (GrpcException refused)
        {
            return (refused.Code, refused.Detail, null);
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested)
        {
            return (GrpcCode.DeadlineExceeded, "the caller's deadline has passed", null);
        }
        catch (OperationCanceledException) when (call.Ending.IsCancellationRequested)
        {
            return (GrpcCode.Unavailable, "the server is going away", null);
        }
        catch (OperationCanceledException)
        {
            return (GrpcCode.Cancelled, "the client is gone", null);
        }
        catch (Exception fault)
        {
            // The caller learns nothing of our insides.
            return (GrpcCode.Internal, "internal error", fault);
        }
    }
}

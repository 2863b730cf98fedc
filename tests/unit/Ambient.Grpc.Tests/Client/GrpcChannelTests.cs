using Ambient.Grpc.Client;
using Ambient.Grpc.Framing;
using Ambient.Grpc.Tests.Servers;
using Google.Protobuf.WellKnownTypes;
using Microsoft.AspNetCore.Http;

namespace Ambient.Grpc.Tests.Client;

public sealed class GrpcChannelTests
{
    private const string Method = "/test.Echo/Call";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task Unary_CarriesMessageAndHeaders()
    {
        string seen = "";
        await using TestServer server = await TestServer.StartAsync(async context =>
        {
            HttpRequest request = context.Request;
            seen = $"{request.Method} {request.Path} {request.ContentType} {request.Headers.TE} {request.Headers["grpc-timeout"]} {request.Headers["x-own"]}";
            StringValue? asked = await new MessageReader(request.Body, 1000).ReadAsync(StringValue.Parser, CancellationToken.None);
            await TestServer.BeginAsync(context);
            await TestServer.SendAsync(context, new StringValue { Value = asked!.Value + "!" });
            TestServer.End(context);
        });
        using GrpcChannel channel = server.Channel(options => options with { Headers = _ => Headers(("x-own", "a b")) });

        StringValue answer = await channel.CallAsync(Method, new StringValue { Value = "hello" }, StringValue.Parser, Limit, CancellationToken.None);

        Assert.Equal("hello!", answer.Value);
        Assert.Equal("POST /test.Echo/Call application/grpc trailers 20000m a b", seen);
    }

    [Fact]
    public async Task Sockets_ArePreparedBeforeTheyConnect_AndWhatFailsThereIsToldAsTheConnectionsFailure()
    {
        await using TestServer server = await TestServer.StartAsync(async context =>
        {
            await TestServer.BeginAsync(context);
            await TestServer.SendAsync(context, new StringValue { Value = "hello" });
            TestServer.End(context);
        });
        var prepared = new List<bool>();
        using GrpcChannel good = server.Channel(options => options with { PrepareSocket = socket => prepared.Add(socket.Connected) });
        Assert.Equal("hello", (await good.CallAsync(Method, new StringValue(), StringValue.Parser, Limit, CancellationToken.None)).Value);
        Assert.NotEmpty(prepared);
        Assert.All(prepared, Assert.False);

        using GrpcChannel bad = server.Channel(options => options with { PrepareSocket = _ => throw new System.Net.Sockets.SocketException(13, "no mark for you") });
        GrpcException failure = await Assert.ThrowsAsync<GrpcException>(() => bad.CallAsync(Method, new StringValue(), StringValue.Parser, Limit, CancellationToken.None));
        Assert.True(failure.IsConnectFailure);
        Assert.Contains("no mark for you", failure.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Streams_RunSideBySide_AndEndCleanly()
    {
        await using TestServer server = await TestServer.StartAsync(async context =>
        {
            await TestServer.BeginAsync(context);
            var reader = new MessageReader(context.Request.Body, 1_000_000);
            while (await reader.ReadAsync(StringValue.Parser, CancellationToken.None) is { } message)
            {
                await TestServer.SendAsync(context, message);
            }

            TestServer.End(context);
        });
        using GrpcChannel channel = server.Channel();
        await using GrpcCall<StringValue, StringValue> call = await channel.OpenAsync<StringValue, StringValue>(Method, StringValue.Parser, CancellationToken.None);
        for (int size = 0; size < 300_000; size = (size * 3) + 1)
        {
            await call.SendAsync(new StringValue { Value = new string('x', size) }, CancellationToken.None);
            Assert.Equal(size, (await call.ReadAsync(CancellationToken.None))!.Value.Length);
        }

        call.CompleteSending();
        Assert.Null(await call.ReadAsync(CancellationToken.None));
    }

    [Theory]
    [InlineData(7, "not%20you%21", GrpcCode.PermissionDenied, "not you!")]
    [InlineData(14, "%zz half%2", GrpcCode.Unavailable, "%zz half%2")]
    [InlineData(99, "odd", GrpcCode.Unknown, "the server's status is 99: odd")]
    public async Task Status_AndItsMessage_AreTold(int status, string wire, GrpcCode code, string detail)
    {
        await using TestServer server = await TestServer.StartAsync(async context =>
        {
            await TestServer.BeginAsync(context);
            TestServer.End(context, status, wire);
        });

        GrpcException error = await FailAsync(server);

        Assert.Equal((code, detail, false), (error.Code, error.Detail, error.IsConnectFailure));
    }

    [Fact]
    public async Task StatusWithoutBody_IsRead()
    {
        await using TestServer server = await TestServer.StartAsync(context =>
        {
            context.Response.ContentType = "application/grpc";
            context.Response.Headers["grpc-status"] = "16";
            context.Response.Headers["grpc-message"] = "who are you";
            return Task.CompletedTask;
        });

        GrpcException error = await FailAsync(server);

        Assert.Equal((GrpcCode.Unauthenticated, "who are you"), (error.Code, error.Detail));
    }

    [Theory]
    [InlineData(503, "text/plain", GrpcCode.Unavailable, "HTTP status 503")]
    [InlineData(404, "text/plain", GrpcCode.Unimplemented, "HTTP status 404")]
    [InlineData(200, "text/html", GrpcCode.Unknown, "content type text/html")]
    public async Task NotGrpc_IsAClearError(int status, string type, GrpcCode code, string detail)
    {
        await using TestServer server = await TestServer.StartAsync(async context =>
        {
            context.Response.StatusCode = status;
            context.Response.ContentType = type;
            await context.Response.WriteAsync("<html>");
        });

        GrpcException error = await FailAsync(server);

        Assert.Equal(code, error.Code);
        Assert.Contains(detail, error.Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(new byte[] { 0, 0, 0 }, GrpcCode.Internal, "in the middle of a message's prefix")]
    [InlineData(new byte[] { 0, 0, 0, 0, 9, 1, 2 }, GrpcCode.Internal, "after 2 of a message's 9 bytes")]
    [InlineData(new byte[] { 0, 0, 0, 0, 2, 0xFF, 0xFF }, GrpcCode.Internal, "cannot be parsed")]
    [InlineData(new byte[] { 1, 0, 0, 0, 0 }, GrpcCode.Internal, "compressed")]
    [InlineData(new byte[] { 7, 0, 0, 0, 0 }, GrpcCode.Internal, "unknown flags 7")]
    [InlineData(new byte[] { 0, 255, 255, 255, 255 }, GrpcCode.ResourceExhausted, "allowed are")]
    [InlineData(new byte[0], GrpcCode.Internal, "without a message")]
    public async Task BrokenMessages_AreClearErrors(byte[] bytes, GrpcCode code, string detail)
    {
        await using TestServer server = await TestServer.StartAsync(async context =>
        {
            await TestServer.BeginAsync(context);
            await context.Response.Body.WriteAsync(bytes);
            TestServer.End(context);
        });

        GrpcException error = await FailAsync(server);

        Assert.Equal(code, error.Code);
        Assert.Contains(detail, error.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task NoStatus_IsAnError()
    {
        await using TestServer server = await TestServer.StartAsync(async context =>
        {
            await TestServer.BeginAsync(context);
            await TestServer.SendAsync(context, new StringValue());
        });

        Assert.Contains("without a status", (await FailAsync(server)).Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task StreamReset_IsTold()
    {
        await using TestServer server = await TestServer.StartAsync(async context =>
        {
            await TestServer.BeginAsync(context);
            context.Abort();
        });

        GrpcException error = await FailAsync(server);

        Assert.False(error.IsConnectFailure);
        Assert.Contains("reset", error.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Deadline_EndsAStalledCall()
    {
        await using TestServer server = await TestServer.StartAsync(context => Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted));
        using GrpcChannel channel = server.Channel();

        GrpcException error = await Assert.ThrowsAsync<GrpcException>(() => channel.CallAsync(
            Method, new StringValue(), StringValue.Parser, TimeSpan.FromMilliseconds(200), CancellationToken.None));

        Assert.Equal(GrpcCode.DeadlineExceeded, error.Code);
    }

    [Fact]
    public async Task Cancellation_ReachesTheServer()
    {
        var aborted = new TaskCompletionSource();
        using var cancel = new CancellationTokenSource();
        await using TestServer server = await TestServer.StartAsync(async context =>
        {
            context.RequestAborted.Register(() => aborted.TrySetResult());
            await TestServer.BeginAsync(context);
            await cancel.CancelAsync();
            await aborted.Task;
        });
        using GrpcChannel channel = server.Channel();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => channel.CallAsync(Method, new StringValue(), StringValue.Parser, Limit, cancel.Token));

        await aborted.Task.WaitAsync(Limit);
    }

    [Fact]
    public async Task ForeignRoot_IsRefused_WithTheReason()
    {
        await using TestServer server = await TestServer.StartAsync(_ => Task.CompletedTask);

        GrpcException error = await FailAsync(server, options => options with { Roots = ServerRoots.FromPem(new ServerCertificate("x").RootPem) });

        Assert.True(error.IsConnectFailure);
        Assert.Contains("does not chain to the configured roots", error.Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("istiod.istio-system.svc", null, false)]
    [InlineData("istiod.istio-system.svc", "other", false)]
    [InlineData("istiod.istio-system.svc", "istiod.istio-system.svc", true)]
    [InlineData("localhost", "other", true)]
    public async Task AlternativeName_IsAcceptedBesidesTheRealOne(string name, string? alternative, bool accepted)
    {
        await using TestServer server = await TestServer.StartAsync(
            async context =>
            {
                await TestServer.BeginAsync(context);
                TestServer.End(context, 5);
            },
            new ServerCertificate(name));

        GrpcException error = await FailAsync(server, options => options with { AlternativeName = alternative });

        Assert.Equal(accepted ? GrpcCode.NotFound : GrpcCode.Unavailable, error.Code);
        Assert.Equal(!accepted, error.Detail.Contains("another name", StringComparison.Ordinal));
    }

    [Fact]
    public async Task NobodyThere_IsAConnectFailure()
    {
        TestServer server = await TestServer.StartAsync(_ => Task.CompletedTask);
        await server.DisposeAsync();

        Assert.True((await FailAsync(server)).IsConnectFailure);
    }

    [Fact]
    public async Task HeaderWithALineBreak_IsRefused()
    {
        await using TestServer server = await TestServer.StartAsync(_ => Task.CompletedTask);
        using GrpcChannel channel = server.Channel(options => options with { Headers = _ => Headers(("authorization", "Bearer a\nb")) });

        GrpcException error = await Assert.ThrowsAsync<GrpcException>(() => channel.CallAsync(Method, new StringValue(), StringValue.Parser, Limit, CancellationToken.None));

        Assert.DoesNotContain("Bearer", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Plaintext_IsRefused() => Assert.Throws<ArgumentException>(() => new GrpcChannel(
        new GrpcChannelOptions { Address = new Uri("http://localhost:1"), Roots = ServerRoots.System() }, TimeProvider.System));

    private static ValueTask<IReadOnlyList<KeyValuePair<string, string>>> Headers(params (string Name, string Value)[] all) =>
        ValueTask.FromResult<IReadOnlyList<KeyValuePair<string, string>>>([.. all.Select(pair => KeyValuePair.Create(pair.Name, pair.Value))]);

    private static async Task<GrpcException> FailAsync(TestServer server, Func<GrpcChannelOptions, GrpcChannelOptions>? change = null)
    {
        using GrpcChannel channel = server.Channel(change);
        return await Assert.ThrowsAsync<GrpcException>(() => channel.CallAsync(Method, new StringValue { Value = "x" }, StringValue.Parser, Limit, CancellationToken.None));
    }
}

using System.Net.Sockets;
using System.Text;
using Ambient.Grpc.Client;
using Ambient.Grpc.Framing;
using Ambient.Grpc.Server;
using Ambient.Grpc.Tests.Servers;
using Ambient.Testing.Clocks;
using Ambient.Testing.Waiting;
using Google.Protobuf.WellKnownTypes;

namespace Ambient.Grpc.Tests.Serving;

public sealed class GrpcServerTests
{
    private const string Path = "/test.Echo/Call";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);
    private static readonly byte[] Hello = MessageWriter.Frame(new StringValue { Value = "hello" });

    [Fact]
    public async Task Unary_SeesHeadersAndAnswers()
    {
        await using Served served = await Served.StartAsync([Unary((request, call) => $"{request} {string.Join('|', call.Header("x-own"))} {call.ClientCertificate is null}")]);
        using var channel = new GrpcChannel(
            new GrpcChannelOptions
            {
                Address = served.Address,
                Roots = ServerRoots.FromPem(served.Certificate.RootPem),
                Headers = _ => ValueTask.FromResult<IReadOnlyList<KeyValuePair<string, string>>>([KeyValuePair.Create("x-own", "a"), KeyValuePair.Create("x-own", "b")]),
            },
            TimeProvider.System);

        for (int i = 0; i < 3; i++)
        {
            StringValue answer = await channel.CallAsync(Path, new StringValue { Value = "hi" }, StringValue.Parser, Limit, CancellationToken.None);
            Assert.Equal("hi a, b True", answer.Value);
        }

        await Eventually.TrueAsync(() => served.Ends.Count == 3);
        Assert.All(served.Ends, end => Assert.Equal((Path, GrpcCode.Ok, null), (end.Method, end.Code, end.Fault)));
    }

    [Fact]
    public async Task Streams_RunSideBySide_AndEndAfterTheClientsLast()
    {
        await using Served served = await Served.StartAsync([GrpcMethod.Streams(Path, async call =>
        {
            await call.StartAsync();
            while (await call.ReadAsync(StringValue.Parser, call.Aborted) is { } message)
            {
                await call.SendAsync(message, call.Aborted);
            }

            await call.SendAsync(new StringValue { Value = "last" }, call.Aborted);
        })]);
        using GrpcChannel channel = served.Channel();
        await using GrpcCall<StringValue, StringValue> call = await channel.OpenAsync<StringValue, StringValue>(Path, StringValue.Parser, CancellationToken.None);
        for (int size = 0; size < 2_000_000; size = (size * 5) + 1)
        {
            await call.SendAsync(new StringValue { Value = new string('x', size) }, CancellationToken.None);
            Assert.Equal(size, (await call.ReadAsync(CancellationToken.None))!.Value.Length);
        }

        call.CompleteSending();
        Assert.Equal("last", (await call.ReadAsync(CancellationToken.None))!.Value);
        Assert.Null(await call.ReadAsync(CancellationToken.None));
    }

    [Fact]
    public async Task Refusal_CarriesItsText_AndAFaultDoesNot()
    {
        await using Served served = await Served.StartAsync([
            Unary((request, _) => request == "no" ? throw new GrpcException(GrpcCode.PermissionDenied, "not you ✗ 100%") : throw new InvalidOperationException("inside"))]);
        using GrpcChannel channel = served.Channel();
        Task<StringValue> Call(string text) => channel.CallAsync(Path, new StringValue { Value = text }, StringValue.Parser, Limit, CancellationToken.None);

        GrpcException refused = await Assert.ThrowsAsync<GrpcException>(() => Call("no"));
        GrpcException faulted = await Assert.ThrowsAsync<GrpcException>(() => Call("fault"));

        Assert.Equal((GrpcCode.PermissionDenied, "not you ✗ 100%"), (refused.Code, refused.Detail));
        Assert.Equal((GrpcCode.Internal, "internal error"), (faulted.Code, faulted.Detail));
        await Eventually.TrueAsync(() => served.Ends.Any(end => end.Fault is InvalidOperationException));
    }

    [Fact]
    public async Task WhatIsNoCall_IsRefusedByName()
    {
        await using Served served = await Served.StartAsync([Unary((request, _) => request)]);

        Assert.Equal((200, "0", ""), await served.PostAsync(Path, Hello));
        Assert.Equal((200, "12", "this server has no such method"), await served.PostAsync("/test.Echo/Other", Hello));
        Assert.Equal((415, "", ""), await served.PostAsync(Path, Hello, "application/grpc-web"));
        Assert.Equal((415, "", ""), await served.PostAsync(Path, Hello, "text/plain"));
        Assert.Equal((200, "0", ""), await served.PostAsync(Path, Hello, "application/grpc+proto"));
        Assert.Equal("12", (await served.PostAsync(Path, Hello, header: ("grpc-encoding", "gzip"))).Status);
        Assert.Equal("0", (await served.PostAsync(Path, Hello, header: ("grpc-encoding", "identity"))).Status);
        Assert.Equal("3", (await served.PostAsync(Path, Hello, header: ("grpc-timeout", "soon"))).Status);
        Assert.Equal((200, "3", "the call has no request message"), await served.PostAsync(Path, []));
        Assert.Equal((200, "3", "the call has more than one request message"), await served.PostAsync(Path, [.. Hello, .. Hello]));
        Assert.Equal((200, "8", "a message has 14 bytes, allowed are 12"), await served.PostAsync(Path, MessageWriter.Frame(new StringValue { Value = "hello world!" })));
        Assert.Equal("13", (await served.PostAsync(Path, Hello[..^1])).Status);
        Assert.Equal((200, "0", ""), await served.PostAsync(Path, Hello));
    }

    [Fact]
    public async Task RandomBodies_AreAnsweredAlways()
    {
        const int Seed = 7_713;
        var random = new Random(Seed);
        await using Served served = await Served.StartAsync([Unary((request, _) => request)]);
        for (int i = 0; i < 60; i++)
        {
            byte[] body = new byte[random.Next(40)];
            random.NextBytes(body);
            if (body.Length > 4 && random.Next(2) == 0)
            {
                body.AsSpan(0, 4).Clear();
            }

            (int http, string status, _) = await served.PostAsync(Path, body);
            Assert.True(http == 200 && status.Length > 0, $"round {i} of seed {Seed}: {http} {status}");
        }
    }

    [Fact]
    public async Task Deadline_EndsTheCall()
    {
        var clock = new ManualTime();
        var waiting = new TaskCompletionSource();
        await using Served served = await Served.StartAsync(
            [GrpcMethod.Streams(Path, async call =>
            {
                waiting.SetResult();
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, call.Aborted);
            })],
            clock: clock);
        Task<(int Http, string Status, string Message)> call = served.PostAsync(Path, [], header: ("grpc-timeout", "90S"));
        await waiting.Task.WaitAsync(Limit);

        clock.Advance(TimeSpan.FromSeconds(89));
        Assert.False(call.IsCompleted);
        clock.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal((200, "4", "the caller's deadline has passed"), await call);
    }

    [Fact]
    public async Task ClientThatTakesNothing_IsGivenUp_WithoutAnythingPiledUp()
    {
        var clock = new ManualTime();
        long sent = 0;
        var frame = MessageWriter.Frame(new StringValue { Value = new string('x', 1_000_000) });
        await using Served served = await Served.StartAsync(
            [GrpcMethod.Streams(Path, async call =>
            {
                while (true)
                {
                    await call.SendFrameAsync(frame, call.Aborted);
                    Interlocked.Add(ref sent, frame.Length);
                }
            })],
            clock: clock);
        using GrpcChannel channel = served.Channel();
        await using GrpcCall<StringValue, StringValue> call = await channel.OpenAsync<StringValue, StringValue>(Path, StringValue.Parser, CancellationToken.None);

        await Eventually.TrueAsync(() => clock.UntilNextTimer() is { } next && next <= TimeSpan.FromSeconds(60));
        await Eventually.TrueAsync(() =>
        {
            clock.Advance(TimeSpan.FromSeconds(61));
            return !served.Ends.IsEmpty;
        });

        Assert.Equal((GrpcCode.ResourceExhausted, "the client took nothing for 60 s"), served.Ends.Select(end => (end.Code, end.Detail)).Single());
        Assert.InRange(Interlocked.Read(ref sent), 0, 20_000_000);
    }

    [Fact]
    public async Task OldConnection_IsRecycled_AndTheNextCallHasANewOne()
    {
        var clock = new ManualTime();
        var began = new SemaphoreSlim(0);
        await using Served served = await Served.StartAsync(
            [
                GrpcMethod.Streams(Path, async call =>
                {
                    await call.StartAsync();
                    began.Release();
                    await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, call.Ending);
                }),
                GrpcMethod.Unary("/test.Echo/Peer", StringValue.Parser, 100, (_, call) => Task.FromResult(new StringValue { Value = call.Peer })),
            ],
            clock: clock);
        using GrpcChannel channel = served.Channel();
        Task<StringValue> Peer() => channel.CallAsync("/test.Echo/Peer", new StringValue(), StringValue.Parser, Limit, CancellationToken.None);
        string first = (await Peer()).Value;
        await using GrpcCall<StringValue, StringValue> call = await channel.OpenAsync<StringValue, StringValue>(Path, StringValue.Parser, CancellationToken.None);
        Assert.True(await began.WaitAsync(Limit));
        Assert.Equal(first, (await Peer()).Value);

        clock.Advance(TimeSpan.FromMinutes(34));

        GrpcException end = await Assert.ThrowsAsync<GrpcException>(async () => await call.ReadAsync(CancellationToken.None));
        Assert.Equal(GrpcCode.Unavailable, end.Code);
        Assert.True(end.Detail == "the server is going away" || end.Detail.StartsWith("transport is closing", StringComparison.Ordinal), end.Detail);

        // A call may meet the connection in the moment in which it closes; who made it begins it anew.
        string? next = null;
        for (int again = 0; next is null; again++)
        {
            try
            {
                next = (await Peer()).Value;
            }
            catch (GrpcException closing) when (closing.Code == GrpcCode.Unavailable && again < 5)
            {
            }
        }

        Assert.NotEqual(first, next);
    }

    [Fact]
    public async Task CallsWhileConnectionsAreRecycled_AreAnswered_EachWithItsOwn()
    {
        // A call that comes too late for its connection is begun anew by the HTTP stack: its message must come along.
        var clock = new ManualTime();
        await using Served served = await Served.StartAsync([GrpcMethod.Unary("/test.Echo/Echo", StringValue.Parser, 100, (asked, _) => Task.FromResult(asked))], options => options with { Grace = TimeSpan.FromHours(2) }, clock);
        using GrpcChannel channel = served.Channel();
        int next = 0;
        for (int round = 0; round < 10; round++)
        {
            Task[] calls = [.. Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
            {
                for (int i = 0; i < 5; i++)
                {
                    string text = Interlocked.Increment(ref next).ToString(System.Globalization.CultureInfo.InvariantCulture);
                    StringValue? answer = null;
                    for (int again = 0; answer is null; again++)
                    {
                        try
                        {
                            answer = await channel.CallAsync("/test.Echo/Echo", new StringValue { Value = text }, StringValue.Parser, TimeSpan.FromHours(2), CancellationToken.None).WaitAsync(Limit);
                        }
                        catch (GrpcException closing) when (closing.Code == GrpcCode.Unavailable && again < 5)
                        {
                            // Written while the server closed: nobody knows whether it was taken, so who made the call begins it anew.
                        }
                    }

                    Assert.Equal(text, answer.Value);
                }
            }))];
            clock.Advance(TimeSpan.FromMinutes(34));
            await Task.WhenAll(calls);
        }
    }

    [Fact]
    public async Task CallThatIgnoresRecycling_IsCutAfterTheGrace()
    {
        var clock = new ManualTime();
        var began = new TaskCompletionSource();
        await using Served served = await Served.StartAsync(
            [GrpcMethod.Streams(Path, async call =>
            {
                await call.StartAsync();
                began.SetResult();
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, call.Aborted);
            })],
            clock: clock);
        using GrpcChannel channel = served.Channel();
        await using GrpcCall<StringValue, StringValue> call = await channel.OpenAsync<StringValue, StringValue>(Path, StringValue.Parser, CancellationToken.None);
        await began.Task.WaitAsync(Limit);
        Task<StringValue?> reading = call.ReadAsync(CancellationToken.None);

        clock.Advance(TimeSpan.FromMinutes(34));
        Assert.False(reading.IsCompleted);
        await Eventually.TrueAsync(() =>
        {
            clock.Advance(TimeSpan.FromSeconds(10));
            return reading.IsCompleted;
        });

        await Assert.ThrowsAsync<GrpcException>(() => reading);
    }

    [Fact]
    public async Task Stop_LetsCallsEnd()
    {
        var began = new TaskCompletionSource();
        Served served = await Served.StartAsync([GrpcMethod.Streams(Path, async call =>
        {
            await call.StartAsync();
            began.SetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, call.Ending);
        })]);
        using GrpcChannel channel = served.Channel();
        await using GrpcCall<StringValue, StringValue> call = await channel.OpenAsync<StringValue, StringValue>(Path, StringValue.Parser, CancellationToken.None);
        await began.Task.WaitAsync(Limit);

        await served.DisposeAsync();

        // The connection's end may overtake the trailers that say so; then the client sees a broken answer.
        GrpcException end = await Assert.ThrowsAsync<GrpcException>(async () => await call.ReadAsync(CancellationToken.None));
        Assert.Contains(end.Code, new[] { GrpcCode.Unavailable, GrpcCode.Internal });
    }

    [Fact]
    public async Task ClientCertificates_AreJudged_AndMayBeMissing()
    {
        var known = new ServerCertificate("client");
        var stranger = new ServerCertificate("client");
        await using Served served = await Served.StartAsync(
            [GrpcMethod.Unary<StringValue, StringValue>(Path, StringValue.Parser, 100, (_, call) => throw new GrpcException(GrpcCode.Ok + 7, call.ClientCertificate?.Thumbprint ?? "none"))],
            options => options with { ClientCertificate = (leaf, _) => leaf.Thumbprint == known.Certificate.Thumbprint });

        Assert.Equal("none", (await served.PostAsync(Path, Hello)).Message);
        Assert.Equal(known.Certificate.Thumbprint, (await served.PostAsync(Path, Hello, certificate: known.Certificate)).Message);
        await Assert.ThrowsAsync<HttpRequestException>(() => served.PostAsync(Path, Hello, certificate: stranger.Certificate));
    }

    [Fact]
    public async Task Plaintext_IsNotSpoken()
    {
        await using Served served = await Served.StartAsync([Unary((request, _) => request)]);
        using var socket = new TcpClient();
        await socket.ConnectAsync(served.Server.Address);
        NetworkStream stream = socket.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"));

        byte[] answer = new byte[100];
        int got = 0;
        try
        {
            got = await stream.ReadAtLeastAsync(answer, answer.Length, throwOnEndOfStream: false).AsTask().WaitAsync(Limit);
        }
        catch (IOException)
        {
            // A reset is as good as an end.
        }

        Assert.False(answer.AsSpan(0, got).IndexOf((byte)4) == 3, "SETTINGS came in the clear");
    }

    private static GrpcMethod Unary(Func<string, GrpcServerCall, string> answer) =>
        GrpcMethod.Unary(Path, StringValue.Parser, 12, (request, call) => Task.FromResult(new StringValue { Value = answer(request.Value, call) }));
}

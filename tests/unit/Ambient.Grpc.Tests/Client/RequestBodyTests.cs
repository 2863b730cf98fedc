using Ambient.Grpc.Client;
using Google.Protobuf.WellKnownTypes;

namespace Ambient.Grpc.Tests.Client;

/// <summary>What is said when a connection closes while a call is being begun, and when its answer is early.</summary>
public sealed class RequestBodyTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task AnswerThatComesWithTheHead_DoesNotEndTheSender()
    {
        using RequestBody body = new();
        SaidStream stream = new() { OnFlush = () => body.Answered(isFailure: false) };
        Task begun = body.CopyToAsync(stream);
        await SayAsync(body, "one");
        Assert.Equal(["one"], stream.Said);
        await EndAsync(body, begun);
    }

    [Fact]
    public async Task MessageThatMeetsADeadConnection_IsSaidOnTheNext_InOrder()
    {
        using RequestBody body = new();
        SaidStream first = new();
        Task dead = body.CopyToAsync(first);
        await SayAsync(body, "one");
        first.IsDead = true;
        await SayAsync(body, "two");
        SaidStream second = new();
        Task begun = body.CopyToAsync(second);
        await SayAsync(body, "three");
        Assert.Equal(["one", "two", "three"], second.Said);
        await EndAsync(body, begun);
        await dead.WaitAsync(Limit);
    }

    [Fact]
    public async Task ConnectionThatDiesBeforeAnythingIsSaid_LeavesTheSenderToTheNext_AlsoWhenThatAnswersAtOnce()
    {
        using RequestBody body = new();
        Task dead = body.CopyToAsync(new SaidStream { IsDead = true });
        Assert.False(body.Ready.IsCompleted);
        SaidStream second = new() { OnFlush = () => body.Answered(isFailure: false) };
        Task begun = body.CopyToAsync(second);
        await SayAsync(body, "one");
        Assert.Equal(["one"], second.Said);
        await EndAsync(body, begun);
        await dead.WaitAsync(Limit);
    }

    [Fact]
    public async Task WhatWasSaid_IsSaidAgain_AlsoWhenTheNextConnectionAnswersAtOnce()
    {
        using RequestBody body = new();
        SaidStream first = new();
        Task dead = body.CopyToAsync(first);
        await SayAsync(body, "one");
        first.IsDead = true;
        SaidStream second = new() { OnFlush = () => body.Answered(isFailure: false) };
        Task begun = body.CopyToAsync(second);
        Assert.Equal(["one"], second.Said);
        await EndAsync(body, begun);
        await dead.WaitAsync(Limit);
    }

    [Fact]
    public async Task AfterTheAnswer_AMessageThatCannotBeSaid_IsAnError()
    {
        using RequestBody body = new();
        SaidStream stream = new();
        Task begun = body.CopyToAsync(stream);
        await SayAsync(body, "one");
        body.Answered(isFailure: false);
        stream.IsDead = true;
        await Assert.ThrowsAsync<IOException>(() => SayAsync(body, "two"));
        await EndAsync(body, begun);
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, false)]
    [InlineData(false, true)]
    public async Task CallThatIsOverBeforeItBegan_KeepsNobodyWaiting(bool isFailure, bool isAnswerFirst)
    {
        using RequestBody body = new();
        Task saying = SayAsync(body, "one");
        SaidStream stream = new() { IsDead = true, OnFlush = isAnswerFirst ? () => body.Answered(isFailure) : null };
        Task begun = body.CopyToAsync(stream);
        if (!isAnswerFirst)
        {
            body.Answered(isFailure);
        }

        await Assert.ThrowsAsync<IOException>(() => saying);
        await EndAsync(body, begun);
    }

    private static Task SayAsync(RequestBody body, string text) => body.WriteAsync(new StringValue { Value = text }, CancellationToken.None).WaitAsync(Limit);

    private static Task EndAsync(RequestBody body, Task begun)
    {
        body.Complete();
        return begun.WaitAsync(Limit);
    }
}

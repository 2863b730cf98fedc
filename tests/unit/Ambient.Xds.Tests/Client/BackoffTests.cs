using Ambient.Grpc.Framing;
using Ambient.Xds.Client;

namespace Ambient.Xds.Tests.Client;

public sealed class BackoffTests
{
    [Fact]
    public void Failures_Double_UpToTheLimit_AndAnyUsualEndResets()
    {
        var backoff = new Backoff(TimeSpan.FromMilliseconds(10), TimeSpan.FromSeconds(15), 0, new Random(1));
        Assert.Equal([20, 40, 80], Enumerable.Range(0, 3).Select(_ => backoff.After(StreamEnd.ConnectionError, false).TotalMilliseconds));
        for (int i = 0; i < 20; i++)
        {
            backoff.After(StreamEnd.Error, true);
        }

        Assert.Equal(15_000, backoff.After(StreamEnd.Error, true).TotalMilliseconds);
        Assert.Equal(10, backoff.After(StreamEnd.Reconnect, true).TotalMilliseconds);
        Assert.Equal(0, backoff.After(StreamEnd.Complete, true).TotalMilliseconds);
        Assert.Equal(20, backoff.After(StreamEnd.Error, true).TotalMilliseconds);
    }

    [Fact]
    public void ServerThatHangsUpOnEveryone_IsNotHammered()
    {
        var backoff = new Backoff(TimeSpan.FromMilliseconds(10), TimeSpan.FromSeconds(15), 0, new Random(1));
        Assert.Equal([20, 40, 80], Enumerable.Range(0, 3).Select(_ => backoff.After(StreamEnd.Complete, false).TotalMilliseconds));
    }

    [Fact]
    public void Jitter_TakesOffAtMostItsShare()
    {
        var random = new Random(7);
        for (int i = 0; i < 100; i++)
        {
            var backoff = new Backoff(TimeSpan.FromMilliseconds(500), TimeSpan.FromSeconds(15), 0.3, random);
            Assert.InRange(backoff.After(StreamEnd.Error, true).TotalMilliseconds, 700, 1000);
        }
    }

    [Theory]
    [InlineData(GrpcCode.Unknown, "", StreamEnd.Reconnect)]
    [InlineData(GrpcCode.Cancelled, "", StreamEnd.Reconnect)]
    [InlineData(GrpcCode.DeadlineExceeded, "", StreamEnd.Reconnect)]
    [InlineData(GrpcCode.Unavailable, "transport is closing", StreamEnd.Reconnect)]
    [InlineData(GrpcCode.Unavailable, "received prior goaway: x", StreamEnd.Reconnect)]
    [InlineData(GrpcCode.Unavailable, "other", StreamEnd.Error)]
    [InlineData(GrpcCode.Unauthenticated, "", StreamEnd.Error)]
    public void Ends_AreClassified(GrpcCode code, string detail, StreamEnd expected)
    {
        Assert.Equal(expected, AdsClient.Classify(new GrpcException(code, detail)));
        Assert.Equal(StreamEnd.ConnectionError, AdsClient.Classify(new GrpcException(code, detail) { IsConnectFailure = true }));
    }
}

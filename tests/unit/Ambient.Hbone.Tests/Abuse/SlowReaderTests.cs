using static Ambient.Hbone.Tests.Abuse.Raw;

namespace Ambient.Hbone.Tests.Abuse;

/// <summary>A peer that makes us answer and reads the answers as slowly as it likes.</summary>
public sealed class SlowReaderTests
{
    private const int PerBatch = 100;

    /// <summary>Half a megabyte: more than the socket takes, less than what ends the session.</summary>
    private const int FramesBehind = 30_000;

    [Fact]
    public void PeerThatNeverCatchesUp_DoesNotMakeTheOutputGrow()
    {
        using RawPeer peer = RawPeer.Client();
        using var permits = new SemaphoreSlim(0);
        peer.ReadPermits = permits;

        // HEADERS and RST_STREAM for each.
        peer.Owner.OnRequest = (stream, _) => stream.Refuse(401);
        int asked = 0;
        long most = 0;
        while (asked < 8 * FramesBehind)
        {
            int first = asked + 1;
            peer.Send([.. Enumerable.Range(0, PerBatch).Select(n => Connect(first + (2 * n)))]);
            asked += 2 * PerBatch;
            peer.Owner.Requests.Clear();
            peer.Until(() => asked - peer.ReceivedCount < FramesBehind || permits.Release() < 0, "the next answers");
            most = Math.Max(most, peer.Loop.Buffers.RentedBytes);
        }

        Assert.Null(peer.Owner.Closed);
        Assert.InRange(most, 1, 1024 * 1024);
        permits.Release(1_000_000);
    }
}

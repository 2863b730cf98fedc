using Ambient.Hbone.Frames;
using Ambient.Hbone.Headers;
using Ambient.Hbone.Sessions;
using Ambient.Hbone.Tests.Abuse;
using Ambient.Mesh.Connections;
using static Ambient.Hbone.Tests.Abuse.Raw;

namespace Ambient.Hbone.Tests.Sessions;

/// <summary>Who counts as dead.</summary>
public sealed class KeepAliveTests
{
    [Fact]
    public void PeerWhoseAnswerWaitsBehindData_IsAlive_AndASilentOneIsNot()
    {
        var clock = new ManualClock();
        using RawPeer peer = RawPeer.Client(new HboneSettings(), clock: clock);
        MemoryEndpoint application = new(new Random(1), []) { EndsSource = false, Greedy = true };
        peer.Owner.OnRequest = (stream, _) => stream.Accept(application, new ConnectResponse(200));
        peer.Send(Connect(1));
        peer.Until(() => peer.Received().Any(f => f.Type == FrameType.Headers), "the answer");
        clock.Advance(TimeSpan.FromSeconds(11));
        peer.Until(() => peer.Received().Any(f => f.Type == FrameType.Ping), "the ping");
        for (int i = 1; i <= 6; i++)
        {
            peer.Send(Data(1, 100));
            int received = i * 100;
            peer.Until(() => application.Received.Length == received, "the data");
            clock.Advance(TimeSpan.FromSeconds(15));
            peer.Loop.RunOnce(0);
            Assert.Null(peer.Owner.Closed);
        }

        clock.Advance(TimeSpan.FromSeconds(21));
        peer.Loop.RunOnce(0);
        clock.Advance(TimeSpan.FromSeconds(21));
        peer.Until(() => peer.Owner.Closed is not null, "the end");
        Assert.Equal(CloseReason.KeepAliveTimeout, peer.Owner.Closed!.Value.Reason);
    }

    private sealed class ManualClock : TimeProvider
    {
        private long _milliseconds;

        public override long TimestampFrequency => 1000;

        public void Advance(TimeSpan time) => _milliseconds += (long)time.TotalMilliseconds;

        public override long GetTimestamp() => _milliseconds;
    }
}

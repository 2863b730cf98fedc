using Ambient.EventLoop;
using Ambient.Mesh.Connections;
using Ambient.Testing.Clocks;
using Ambient.Waypoint.Pipes;

namespace Ambient.Waypoint.Tests.Forwarding;

/// <summary>Clients that have been told everything, and do not close.</summary>
public sealed class CloseWatchTests : IDisposable
{
    private readonly ManualTime _time = new();
    private readonly EventLoop.EventLoop _loop;
    private readonly HeldPipe _pipe;
    private readonly CloseWatch _watch;

    public CloseWatchTests()
    {
        _loop = new EventLoop.EventLoop("close", new EventLoopOptions { TimeProvider = _time });
        _loop.RunOnce(0);
        _pipe = new HeldPipe { Owner = new Nobody(), Loop = _loop };
        _watch = new CloseWatch(_pipe);
    }

    [Fact]
    public void WhoHasReadEverything_GetsAMoment()
    {
        _watch.Start();
        Pass(4);
        Assert.False(_pipe.IsClosed);
        Pass(2);
        Assert.True(_pipe.IsAborted);
    }

    [Fact]
    public void WhoReads_GetsTheTimeToRead_AndThenAMoment()
    {
        _pipe.Reads = false;
        _pipe.Send(new byte[1000]);
        _watch.Start();
        Pass(9);
        _pipe.Reads = true;
        Assert.Equal(1000, _pipe.Sent.Length);
        Pass(2);
        Assert.False(_pipe.IsClosed);
        Pass(6);
        Assert.True(_pipe.IsAborted);
    }

    [Fact]
    public void WhoReadsNothing_IsCutOff()
    {
        _pipe.Reads = false;
        _pipe.Send(new byte[1000]);
        _watch.Start();
        Pass(11);
        Assert.True(_pipe.IsAborted);
    }

    [Fact]
    public void WhoCloses_IsLeftAlone()
    {
        _watch.Start();
        _pipe.Break(CloseReason.Completed);
        _watch.Stop();
        Pass(20);
        Assert.False(_pipe.IsAborted);
    }

    public void Dispose() => _loop.Dispose();

    private void Pass(int seconds)
    {
        _time.Advance(TimeSpan.FromSeconds(seconds));
        _loop.RunOnce(0);
        _loop.RunOnce(0);
    }

    private sealed class Nobody : IPipeOwner
    {
        public void OnOpened()
        {
        }

        public int OnInput(ReadOnlySpan<byte> bytes) => bytes.Length;

        public void OnInputEnded()
        {
        }

        public void OnOutputDrained()
        {
        }

        public void OnClosed(CloseReason reason, string? detail)
        {
        }
    }
}

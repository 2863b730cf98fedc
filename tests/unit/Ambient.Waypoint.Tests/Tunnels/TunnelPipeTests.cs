using Ambient.EventLoop;
using Ambient.Hbone.Frames;
using Ambient.Hbone.Headers;
using Ambient.Hbone.Sessions;
using Ambient.Mesh.Connections;
using Ambient.Waypoint.Pipes;

namespace Ambient.Waypoint.Tests.Tunnels;

/// <summary>The inside of a tunnel: its session carries the streams of others as well.</summary>
public sealed class TunnelPipeTests
{
    [Theory]
    [InlineData("opened")]
    [InlineData("ended")]
    [InlineData("closed")]
    public void DefectOfTheOwner_IsToldTheLoop_AndNotTheSession(string what)
    {
        using EventLoop.EventLoop loop = new("probe", new EventLoopOptions());
        loop.RunOnce(0);
        StreamEndpoint inside = new TunnelPipe { Owner = new Broken(), Loop = loop }.Endpoint;
        switch (what)
        {
            case "opened":
                inside.OnOpened(new ConnectResponse(200));
                break;
            case "ended":
                inside.OnPeerEnded();
                break;
            default:
                inside.OnClosed(new StreamClosure(CloseReason.PeerReset, Http2Error.Cancel, true, 0, "gone"));
                break;
        }

        Assert.Equal(0, loop.Faults);
        loop.RunOnce(0);
        Assert.Equal(1, loop.Faults);
    }

    private sealed class Broken : IPipeOwner
    {
        public void OnOpened() => throw new InvalidOperationException("a defect");

        public int OnInput(ReadOnlySpan<byte> bytes) => bytes.Length;

        public void OnInputEnded() => throw new InvalidOperationException("a defect");

        public void OnOutputDrained()
        {
        }

        public void OnClosed(CloseReason reason, string? detail) => throw new InvalidOperationException("a defect");
    }
}

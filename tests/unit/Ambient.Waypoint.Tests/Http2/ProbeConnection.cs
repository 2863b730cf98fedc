using Ambient.EventLoop;
using Ambient.Hbone.Frames;
using Ambient.Mesh.Connections;
using Ambient.Routing.Messages;
using Ambient.Waypoint.Http2;

namespace Ambient.Waypoint.Tests.Http2;

/// <summary>The server's side of a connection without anything behind it: requests are kept, answered when the test says so.</summary>
internal sealed class ProbeConnection : Http2Connection, IDisposable
{
    private readonly EventLoop.EventLoop _loop;

    private ProbeConnection(EventLoop.EventLoop loop)
        : base(isClient: false, loop)
    {
        _loop = loop;
        loop.RunOnce(0);
        Memory = new MemoryPipe { Owner = this, Loop = loop };
        Use(Memory);
        SendSettings();
        Memory.Receive(Wire.Preface);
        Memory.TakeSent();
    }

    public MemoryPipe Memory { get; }

    public List<ProbeStream> Requests { get; } = [];

    public bool IsGone { get; private set; }

    public static ProbeConnection Begin(TimeProvider? time = null) => new(new EventLoop.EventLoop("probe", new EventLoopOptions { TimeProvider = time ?? TimeProvider.System }));

    /// <summary>Lets what is due happen.</summary>
    public void Turn() => _loop.RunOnce(0);

    /// <summary>What the connection says to these bytes.</summary>
    public List<string> Say(params byte[] bytes)
    {
        Memory.Receive(bytes);
        return Wire.Read(Memory.TakeSent());
    }

    public override void OnOpened()
    {
    }

    public void Dispose() => _loop.Dispose();

    protected override void OnGone(CloseReason reason, string? detail) => IsGone = true;

    protected override FieldList? HeadOf(Http2Stream? stream) => stream is null ? new FieldList() : null;

    protected override void OnHead(int streamId, Http2Stream? stream, bool isEnd, bool isTooLarge)
    {
        if (ActiveStreams >= Http2Limits.MaxStreams)
        {
            RefuseNew(streamId, Http2Error.RefusedStream);
        }
        else if (Fields.Defect is not null || isTooLarge)
        {
            RefuseNew(streamId, Http2Error.ProtocolError);
        }
        else
        {
            ProbeStream request = new(this, Fields.ContentLength);
            Requests.Add(request);
            Add(request, streamId);
            if (isEnd)
            {
                request.TakeEnd(null);
            }
        }
    }
}

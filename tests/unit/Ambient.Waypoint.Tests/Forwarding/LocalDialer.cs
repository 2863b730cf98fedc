using Ambient.Mesh.Connections;
using Ambient.Waypoint.Balancing;
using Ambient.Waypoint.Pipes;
using Ambient.Waypoint.Tunnels;

namespace Ambient.Waypoint.Tests.Forwarding;

/// <summary>Hands out the connections that the test made; when there is none, connecting fails.</summary>
internal sealed class LocalDialer : UpstreamDialer
{
    private readonly EventLoop.EventLoop _loop;
    private readonly Queue<HeldPipe> _pipes = new();

    public LocalDialer(WaypointLoop loop)
        : base(loop) => _loop = loop.Loop;

    /// <summary>Connections that were begun.</summary>
    public int Dialled { get; private set; }

    /// <summary>Where the last of them led.</summary>
    public string LastDialled { get; private set; } = "";

    /// <summary>How many of the next connections cannot be made, by a defect.</summary>
    public int Defects { get; set; }

    /// <summary>The next connection.</summary>
    public void Add(HeldPipe pipe) => _pipes.Enqueue(pipe);

    public override Pipe NewPipe(EndpointKey key, IPipeOwner owner, ProxyPreface? preface)
    {
        if (Defects > 0 && Defects-- > 0)
        {
            throw new InvalidOperationException("a defect");
        }

        HeldPipe pipe = _pipes.TryDequeue(out HeldPipe? next) ? next : new HeldPipe { Owner = owner, Loop = _loop, Dialling = Dialling.Fails };
        pipe.Owner = owner;
        return pipe;
    }

    public override void Dial(EndpointKey key, Pipe pipe)
    {
        Dialled++;
        LastDialled = key.Text;
        switch (((HeldPipe)pipe).Dialling)
        {
            case Dialling.OpensAtOnce:
                pipe.Owner.OnOpened();
                break;
            case Dialling.Fails:
                ((HeldPipe)pipe).Break(CloseReason.ConnectFailed);
                break;
        }
    }
}

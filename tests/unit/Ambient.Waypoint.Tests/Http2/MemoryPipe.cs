using Ambient.Mesh.Connections;
using Ambient.Waypoint.Pipes;

namespace Ambient.Waypoint.Tests.Http2;

/// <summary>A pipe whose other side is the test.</summary>
internal sealed class MemoryPipe : Pipe
{
    private readonly List<byte> _sent = [];

    /// <summary>Whether the other side reads nothing.</summary>
    public bool Holds { get; set; }

    /// <summary>Whether our direction was ended.</summary>
    public bool IsFinished => IsFinishing;

    /// <summary>Everything that was sent and not taken by the test yet.</summary>
    public byte[] TakeSent()
    {
        Kick();
        byte[] sent = [.. _sent];
        _sent.Clear();
        return sent;
    }

    /// <summary>Bytes of the other side.</summary>
    public int Receive(ReadOnlySpan<byte> bytes) => Offer(bytes);

    public override void Abort(string detail)
    {
        if (!IsClosed)
        {
            IsClosed = true;
            Owner.OnClosed(CloseReason.Aborted, detail);
        }
    }

    protected override void OfferAgain()
    {
    }

    /// <summary>The other side reads so many bytes.</summary>
    public void Drop(int bytes) => Output.Take(bytes);

    protected override void Kick()
    {
        while (Output.Length > 0 && !Holds)
        {
            ReadOnlySpan<byte> front = Output.Front;
            _sent.AddRange(front);
            Output.Take(front.Length);
        }
    }
}

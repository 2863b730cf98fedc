using System.Text;
using Ambient.Mesh.Connections;
using Ambient.Waypoint.Pipes;

namespace Ambient.Waypoint.Tests.Forwarding;

/// <summary>A pipe whose other side is the test: it keeps what the reader leaves, as real ones do, and takes output only while it may.</summary>
internal sealed class HeldPipe : Pipe
{
    private readonly List<byte> _sent = [];
    private readonly List<byte> _held = [];
    private bool _isInputEnded;

    /// <summary>Whether the other side reads.</summary>
    public bool Reads { get; set; } = true;

    /// <summary>What becomes of connecting.</summary>
    public Dialling Dialling { get; init; }

    /// <summary>Whether the next bytes find a connection that is gone.</summary>
    public bool BreaksOnSend { get; set; }

    /// <summary>Whether its next end, in order or by force, meets a defect.</summary>
    public bool IsBroken { get; set; }

    /// <summary>Whether our direction was ended.</summary>
    public bool IsFinished => IsFinishing;

    /// <summary>Whether it was ended by force.</summary>
    public bool IsAborted { get; private set; }

    /// <summary>Output that waits, bytes.</summary>
    public int Waiting => Output.Length;

    /// <summary>Input that the reader left, bytes.</summary>
    public int Held => _held.Count;

    /// <summary>Everything that was sent so far.</summary>
    public string Sent
    {
        get
        {
            Kick();
            return Encoding.Latin1.GetString([.. _sent]);
        }
    }

    /// <summary>Bytes of the other side.</summary>
    public void Receive(string text)
    {
        _held.AddRange(Encoding.Latin1.GetBytes(text));
        OfferAgain();
    }

    /// <summary>The other side has said all; told when nothing is held back.</summary>
    public void EndInput()
    {
        _isInputEnded = true;
        OfferAgain();
    }

    /// <summary>The connection is gone.</summary>
    public void Break(CloseReason reason = CloseReason.PeerReset)
    {
        if (!IsClosed)
        {
            IsClosed = true;
            Owner.OnClosed(reason, "gone");
        }
    }

    public override void Abort(string detail)
    {
        if (!IsClosed)
        {
            BreakIfBroken();
            IsClosed = IsAborted = true;
            Owner.OnClosed(CloseReason.Aborted, detail);
        }
    }

    protected override void OfferAgain()
    {
        if (_held.Count > 0 && !IsClosed)
        {
            byte[] bytes = [.. _held];
            _held.Clear();
            int taken = Offer(bytes);
            _held.InsertRange(0, bytes[taken..]);
        }

        if (_held.Count == 0 && _isInputEnded && !IsClosed)
        {
            _isInputEnded = false;
            Owner.OnInputEnded();
        }
    }

    protected override void Kick()
    {
        if (IsFinishing)
        {
            BreakIfBroken();
        }

        if (BreaksOnSend && Output.Length > 0)
        {
            Break();
            return;
        }

        bool sent = false;
        while (Reads && Output.Length > 0)
        {
            ReadOnlySpan<byte> front = Output.Front;
            _sent.AddRange(front);
            Output.Take(front.Length);
            sent = true;
        }

        if (sent)
        {
            OnSent();
        }
    }

    private void BreakIfBroken()
    {
        if (IsBroken)
        {
            IsBroken = false;
            throw new InvalidOperationException("a defect");
        }
    }
}

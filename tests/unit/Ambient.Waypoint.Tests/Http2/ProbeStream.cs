using Ambient.Hbone.Frames;
using Ambient.Routing.Messages;
using Ambient.Waypoint.Http2;

namespace Ambient.Waypoint.Tests.Http2;

/// <summary>A request that only counts what it gets.</summary>
internal sealed class ProbeStream : Http2Stream
{
    public ProbeStream(Http2Connection connection, long length)
        : base(connection)
    {
        IsHeadRead = true;
        Expect(length);
    }

    public bool Reads { get; set; } = true;

    public bool IsBroken { get; set; }

    public bool IsBrokenWhenLost { get; set; }

    public int Received { get; private set; }

    public bool IsRequestEnded { get; private set; }

    public FieldList? Trailers { get; private set; }

    public string? Lost { get; private set; }

    public bool HasRoom { get; private set; }

    protected override bool CanRead => Reads;

    protected override void OnRead(ReadOnlySpan<byte> data) => Received += IsBroken ? throw new InvalidOperationException("a defect") : data.Length;

    protected override void OnReadEnd(FieldList? trailers) => (IsRequestEnded, Trailers) = (true, trailers);

    protected override void OnLocalEnded() => Close(RemoteEnded ? null : Http2Error.NoError);

    protected override void OnRoom() => HasRoom = true;

    protected override void OnLost(Http2Error code, bool isByPeer, string detail) => Lost = IsBrokenWhenLost ? throw new InvalidOperationException("a defect") : detail;
}

using Ambient.Waypoint.Pipes;

namespace Ambient.Waypoint.Http;

/// <summary>A client's connection in some version of HTTP. Loop-affine.</summary>
internal interface IHttpConnection : IPipeOwner
{
    /// <summary>No further request: an idle connection ends now, a busy one after its answers.</summary>
    void Drain();

    /// <summary>What it is doing.</summary>
    HttpActivity Activity { get; }

    /// <summary>Heads that were read since the beginning.</summary>
    long Heads { get; }

    /// <summary>The client takes too long over a head.</summary>
    void OnSlowHead();
}

using Ambient.Waypoint.Pipes;

namespace Ambient.Waypoint.Http;

/// <summary>A client's connection in some version of HTTP. Loop-affine.</summary>
internal interface IHttpConnection : IPipeOwner
{
    /// <summary>No further request: an idle connection ends now, a busy one after its answers.</summary>
    void Drain();
}

using Ambient.Mesh.Connections;

namespace Ambient.Ztunnel.Observation;

/// <summary>Who holds the sockets of a recorded connection and can end it. Loop-affine.</summary>
public interface IConnectionOwner
{
    /// <summary>Ends the connection now, closing its record with this reason and text.</summary>
    void Cut(CloseReason reason, string detail);
}

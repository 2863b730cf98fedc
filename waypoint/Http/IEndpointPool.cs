namespace Ambient.Waypoint.Http;

/// <summary>The connections of one loop to one endpoint. Loop-affine.</summary>
internal interface IEndpointPool
{
    /// <summary>Whether there is nothing in it that another request could use.</summary>
    bool IsEmpty { get; }

    /// <summary>A place for one request.</summary>
    IEndpointRequest Take(int maxRequests);

    /// <summary>Lets go of what has been idle for too long.</summary>
    void Sweep();
}

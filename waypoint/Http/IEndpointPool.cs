namespace Ambient.Waypoint.Http;

/// <summary>The connections of one loop to one endpoint. Loop-affine.</summary>
internal interface IEndpointPool
{
    /// <summary>Whether there is nothing in it that another request could use.</summary>
    bool IsEmpty { get; }

    /// <summary>Whether it has connections, and none of them is in use.</summary>
    bool IsIdle { get; }

    /// <summary>A place for one request; null when too many wait for one.</summary>
    IEndpointRequest? Take(in PoolLimits limits);

    /// <summary>It is not used any more: idle connections end now, busy ones after their requests.</summary>
    void Close();
}

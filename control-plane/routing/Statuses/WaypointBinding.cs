namespace Ambient.ControlPlane.Routing.Statuses;

/// <summary>What is known of the waypoint of a service, for the statuses of its routes. Immutable.</summary>
/// <param name="IsForeign">Whether another control plane's waypoint is named.</param>
/// <param name="Remark">For people.</param>
internal sealed record WaypointBinding(bool IsForeign, string Remark)
{
    /// <summary>There is nothing that could have one.</summary>
    internal static WaypointBinding None { get; } = new(false, "");
}

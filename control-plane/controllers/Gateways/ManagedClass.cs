namespace Ambient.ControlPlane.Controllers.Gateways;

/// <summary>A class of Gateways that this control plane answers for (control-plane reference 7.1). Immutable.</summary>
/// <param name="Name">The class's name when it is one of the built-in ones.</param>
/// <param name="Controller">Who is responsible for it.</param>
/// <param name="Description">For people.</param>
/// <param name="Deploys">Whether its Gateways get workloads.</param>
public sealed record ManagedClass(string Name, string Controller, string Description, bool Deploys)
{
    /// <summary>Waypoints.</summary>
    public const string WaypointController = "istio.io/mesh-controller";

    /// <summary>Gateways for callers of other networks.</summary>
    public const string EastWestController = "istio.io/eastwest-controller";

    /// <summary>Ingress gateways.</summary>
    public const string IngressController = "istio.io/gateway-controller";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<ManagedClass> All { get; } =
    [
        new("istio-waypoint", WaypointController, "Waypoints of the ambient mesh", Deploys: true),
        new("istio", IngressController, "Ingress gateways", Deploys: true),
        new("istio-remote", "istio.io/unmanaged-gateway", "Gateways and waypoints that are managed elsewhere", Deploys: false),
        new("istio-east-west", EastWestController, "Gateways for callers of other networks", Deploys: true) { IsForOtherNetworks = true },
    ];

    /// <summary>Whether its Gateways lead in from other networks: only a mesh of several has them, and their Services are reached from outside.</summary>
    public bool IsForOtherNetworks { get; init; }

    /// <summary>Whether its Gateways are for clients outside the mesh.</summary>
    public bool IsIngress => Controller == IngressController;

    /// <summary>The value of the label of what is made for it.</summary>
    public string ManagedLabel => Controller.Replace('/', '-');

    /// <summary>Who answers for classes with this controller; null: somebody else.</summary>
    public static ManagedClass? Of(string? controller) => All.FirstOrDefault(candidate => candidate.Controller == controller);
}

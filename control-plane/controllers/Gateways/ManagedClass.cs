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

    /// <summary>All of them. Ingress gateways are not deployed: the class is there for Gateways with addresses of their own.</summary>
    public static IReadOnlyList<ManagedClass> All { get; } =
    [
        new("istio-waypoint", WaypointController, "Waypoints of the ambient mesh", Deploys: true),
        new("istio", "istio.io/gateway-controller", "Gateways that exist already and are named by their addresses", Deploys: false),
        new("istio-remote", "istio.io/unmanaged-gateway", "Gateways and waypoints that are managed elsewhere", Deploys: false),
    ];

    /// <summary>The value of the label of what is made for it.</summary>
    public string ManagedLabel => Controller.Replace('/', '-');

    /// <summary>Who answers for classes with this controller; null: somebody else.</summary>
    public static ManagedClass? Of(string? controller) => All.FirstOrDefault(candidate => candidate.Controller == controller);
}

using Ambient.ControlPlane.Discovery.Conditions;

namespace Ambient.ControlPlane.Controllers.Statuses;

/// <summary>Which list of a status it is that several controllers write. Immutable.</summary>
/// <param name="List">The field of the status.</param>
/// <param name="Reference">The field of an entry that says what it is about.</param>
/// <param name="Controllers">Under which names we write.</param>
/// <param name="Types">The conditions that are ours to set and to remove.</param>
/// <param name="Most">How many entries there may be.</param>
public sealed record ParentListForm(string List, string Reference, IReadOnlyList<string> Controllers, IReadOnlyList<string> Types, int Most)
{
    /// <summary>Parents of routes.</summary>
    public static ParentListForm Routes { get; } =
        new("parents", "parentRef", [ParentConditions.GatewayController], ["Accepted", "ResolvedRefs", "PartiallyInvalid", "ResolvedWaypoints"], 32);

    /// <summary>Ancestors of policies.</summary>
    public static ParentListForm Policies { get; } =
        new("ancestors", "ancestorRef", [ParentConditions.GatewayController, "istio.io/mesh-controller"], ["Accepted", "ResolvedRefs"], 16);
}

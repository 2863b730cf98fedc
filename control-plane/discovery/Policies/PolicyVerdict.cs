using Ambient.Protocol.Istio.Security;

namespace Ambient.ControlPlane.Discovery.Policies;

/// <summary>What becomes of an AuthorizationPolicy at ztunnel. Immutable.</summary>
/// <param name="Message">What is sent; null: nothing.</param>
/// <param name="IsAccepted">The status of the condition <c>ZtunnelAccepted</c>; null: the policy is none of ztunnel's.</param>
/// <param name="Reason">The condition's reason.</param>
/// <param name="Remark">The condition's message.</param>
public sealed record PolicyVerdict(Authorization? Message, bool? IsAccepted, string Reason, string Remark)
{
    /// <summary>The reason when all is enforced.</summary>
    public const string Accepted = "Accepted";

    /// <summary>The reason when something is not.</summary>
    public const string UnsupportedValue = "UnsupportedValue";

    internal static PolicyVerdict NotOurs { get; } = new(null, null, "", "");
}

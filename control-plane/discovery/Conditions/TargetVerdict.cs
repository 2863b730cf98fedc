namespace Ambient.ControlPlane.Discovery.Conditions;

/// <summary>What became of one target of a policy. Immutable.</summary>
/// <param name="IsBound">Whether somebody enforces the policy for it.</param>
/// <param name="Reason">The word for it.</param>
/// <param name="Message">For people.</param>
/// <param name="Reference">The target, as <c>Kind.group:namespace/name</c>.</param>
internal sealed record TargetVerdict(bool IsBound, string Reason, string Message, string Reference);

using System.Globalization;
using Ambient.Protocol.L7;

namespace Ambient.Routing.Access;

/// <summary>What policies say about a request, and which rule said it. Immutable.</summary>
/// <param name="IsAllowed">Whether it may pass.</param>
/// <param name="Policy">The policy that decided; null when none matched.</param>
/// <param name="Rule">The rule's place in it.</param>
public readonly record struct AccessVerdict(bool IsAllowed, AccessPolicy? Policy, int Rule)
{
    /// <summary>Who decided, as logs name it: <c>ns[a]-policy[b]-rule[0]</c> or <c>none</c>.</summary>
    public string RuleId => Policy is null ? "none" : string.Create(CultureInfo.InvariantCulture, $"ns[{Policy.Namespace}]-policy[{Policy.Name}]-rule[{Rule}]");
}

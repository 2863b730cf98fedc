namespace Ambient.Mesh.Policies;

/// <summary>The answer of the policies to one connection. Immutable.</summary>
public readonly struct Verdict
{
    private readonly IReadOnlyList<PolicyNote>? _notes;

    internal Verdict(bool isAllowed, AuthorizationPolicy? policy, string message, IReadOnlyList<PolicyNote>? notes)
    {
        IsAllowed = isAllowed;
        Policy = policy;
        Message = message;
        _notes = notes;
    }

    /// <summary>Whether the connection may be served. False for <c>default</c>.</summary>
    public bool IsAllowed { get; }

    /// <summary>The policy that decided; null when none matched.</summary>
    public AuthorizationPolicy? Policy { get; }

    /// <summary>The policy that decided as <c>namespace/name</c>; null when none matched.</summary>
    public string? PolicyKey => Policy?.FullName;

    /// <summary>What is logged: <c>deny policy match</c>, <c>no allow policies, allow</c>, <c>allow policy match</c>, <c>no allow policies matched</c>.</summary>
    public string Message { get; }

    /// <summary>Why the connection is refused, as logs and errors say it; empty when it is allowed.</summary>
    public string Reason => IsAllowed ? "" : Policy is null
        ? "connection closed due to policy rejection: allow policies exist, but none allowed"
        : $"connection closed due to policy rejection: explicitly denied by: {PolicyKey}";

    /// <summary>Matches of dry-run policies and listed policies that aren't known.</summary>
    public IReadOnlyList<PolicyNote> Notes => _notes ?? [];
}

namespace Ambient.Mesh.Policies;

/// <summary>Alternatives, one of which must match; without any it matches everything. Immutable.</summary>
/// <param name="Matches">The alternatives.</param>
public sealed record PolicyClause(IReadOnlyList<PolicyMatch> Matches);

namespace Ambient.Mesh.Policies;

/// <summary>Clauses that must all match; without any it matches everything. Immutable.</summary>
/// <param name="Clauses">The clauses.</param>
public sealed record PolicyRule(IReadOnlyList<PolicyClause> Clauses);

namespace Ambient.Mesh.Policies;

/// <summary>A service account, whatever its trust domain. Immutable.</summary>
/// <param name="Namespace">Its namespace.</param>
/// <param name="ServiceAccount">Its name.</param>
public readonly record struct ServiceAccountMatch(string Namespace, string ServiceAccount);

namespace Ambient.ControlPlane.Authority.Callers;

/// <summary>The pod that a token is bound to. Immutable.</summary>
/// <param name="Name">Its name; the namespace is the account's.</param>
/// <param name="Uid">Its uid, which no later pod has.</param>
public sealed record PodBinding(string Name, string Uid);

namespace Ambient.Xds.Server.Resources;

/// <summary>A resource that is set, or removed. Immutable.</summary>
/// <param name="TypeUrl">Its type.</param>
/// <param name="Name">Its name.</param>
/// <param name="Content">What it is now; null: it is gone.</param>
public readonly record struct ResourceChange(string TypeUrl, string Name, ResourceContent? Content);

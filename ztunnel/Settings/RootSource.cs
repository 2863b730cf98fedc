namespace Ambient.Ztunnel.Settings;

/// <summary>Where the roots for a control plane connection come from (<c>XDS_ROOT_CA</c>, <c>CA_ROOT_CA</c>). Immutable.</summary>
/// <param name="Kind">File, platform or inline.</param>
/// <param name="Value">Path, or PEM text; empty for the platform's.</param>
public sealed record RootSource(RootSourceKind Kind, string Value);

using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Discovery.Scopes;

/// <summary>One entry of <c>serviceScopeConfigs</c>: which services, and whether other clusters may reach them (control-plane reference 9.5). Immutable.</summary>
/// <param name="Namespaces">Of which namespaces, by their labels; null: of all.</param>
/// <param name="Services">Which services, by their labels; null: all.</param>
/// <param name="IsGlobal">Whether its scope is GLOBAL.</param>
internal sealed record ServiceScopeRule(LabelSelector? Namespaces, LabelSelector? Services, bool IsGlobal);

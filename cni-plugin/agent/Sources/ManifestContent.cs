using Ambient.Cni.Agent.Pods;
using Ambient.Cni.Enrolment.Pods;

namespace Ambient.Cni.Agent.Sources;

/// <summary>What one manifest file holds. Immutable.</summary>
public sealed record ManifestContent(IReadOnlyList<PodRecord> Pods, IReadOnlyList<NamespaceFacts> Namespaces);

using Ambient.Kubernetes.Api;
using Ambient.Telemetry.Logging;

namespace Ambient.Kubernetes.Watching;

/// <summary>What a watch works with. Immutable.</summary>
internal sealed record WatchParts(KubernetesClient Client, WatchOptions Options, TimeProvider Time, Logger Log, WatchCounters Counters);

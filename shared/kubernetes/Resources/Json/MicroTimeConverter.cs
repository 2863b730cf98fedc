namespace Ambient.Kubernetes.Resources.Json;

/// <summary>A time with exactly six digits behind the point: API servers refuse any other number of them in leases. Thread-safe.</summary>
internal sealed class MicroTimeConverter() : TimeConverter("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'");

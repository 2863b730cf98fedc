namespace Ambient.Cni.Agent.Sources;

/// <summary>How a report ended. Immutable.</summary>
/// <param name="Error">Null when the world reads it now, or the pod is gone.</param>
/// <param name="Version">Version of the pod's object as of which it does; 0 where objects have none.</param>
public readonly record struct ReportResult(string? Error, ulong Version = 0);

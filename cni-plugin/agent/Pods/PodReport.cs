namespace Ambient.Cni.Agent.Pods;

/// <summary>What the world is told about a pod. Immutable; equal reports are told once.</summary>
/// <param name="Redirection">Value of the redirection annotation.</param>
/// <param name="Text">Why it is not (yet) in the mesh, and what to do; null when all is well.</param>
public sealed record PodReport(ReportedRedirection Redirection, string? Text);

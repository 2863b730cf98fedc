using Ambient.Cni.Agent.Pods;
using Ambient.Cni.Enrolment.Pods;

namespace Ambient.Cni.Agent.Sources;

/// <summary>Tells the world about pods: the redirection annotation, and an event that says what is wrong and what to do. Thread-safe.</summary>
public interface IPodReporter
{
    /// <summary>Makes the report; null on success. A pod that is gone is a success.</summary>
    Task<string?> ReportAsync(PodFacts pod, PodReport report, CancellationToken cancellation);
}

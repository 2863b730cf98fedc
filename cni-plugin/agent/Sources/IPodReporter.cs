using Ambient.Cni.Agent.Pods;
using Ambient.Cni.Enrolment.Pods;

namespace Ambient.Cni.Agent.Sources;

/// <summary>Tells the world about pods: the redirection annotation, and an event that says what is wrong and what to do. Thread-safe.</summary>
public interface IPodReporter
{
    /// <summary>Makes the report. A pod that is gone is a success.</summary>
    Task<ReportResult> ReportAsync(PodFacts pod, PodReport report, CancellationToken cancellation);
}

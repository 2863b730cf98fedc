namespace Ambient.Cni.Enrolment.Pods;

/// <summary>Texts of <see cref="PodPhase"/>.</summary>
public static class PodPhases
{
    /// <summary>The phase of <c>status.phase</c>; what is not known is <see cref="PodPhase.Unknown"/>.</summary>
    public static PodPhase Parse(string? text) => text switch
    {
        "Pending" => PodPhase.Pending,
        "Running" => PodPhase.Running,
        "Succeeded" => PodPhase.Succeeded,
        "Failed" => PodPhase.Failed,
        _ => PodPhase.Unknown,
    };
}

using Ambient.Cni.Enrolment;

namespace Ambient.Cni.Agent.Pods;

/// <summary>How the pods of a node are kept. Immutable.</summary>
public sealed record PodBookOptions
{
    /// <summary>Which pods belong to the mesh.</summary>
    public EnrolmentOptions Enrolment { get; init; } = new();

    /// <summary>Whether DNS is captured where the pod does not say otherwise.</summary>
    public bool DnsCapture { get; init; } = true;

    /// <summary>
    /// What becomes of a pod of the mesh without a proxy. On: it is cut off; found without rules, it gets the guard. Off: a pod whose workload is not
    /// strict, and which does not ask to be, goes on in plaintext after <see cref="OpenAfter"/>.
    /// </summary>
    public bool Strict { get; init; } = true;

    /// <summary>How long a proxy may be gone before pods that need not be strict go on without it.</summary>
    public TimeSpan OpenAfter { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// How long new connections of a pod wait for the next proxy when the last one has left; then they are refused. Zero refuses them at once. What waits is
    /// dropped, and the client's kernel tries again after one, three and seven seconds.
    /// </summary>
    public TimeSpan HoldFor { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Makes a secret packet mark for a pod; 0 means that pods have none of their own.</summary>
    public Func<uint> NewMark { get; init; } = static () => 0;

    /// <summary>Time between two proofs of a pod that is well.</summary>
    public TimeSpan ProofInterval { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Time between two looks whether the last connection has ended that the proxy of a pod carries which left.</summary>
    public TimeSpan EndingInterval { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>First pause after a step that failed; doubles up to <see cref="RetryLimit"/>.</summary>
    public TimeSpan RetryPause { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Longest pause.</summary>
    public TimeSpan RetryLimit { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a pod may be without proof before its status is withdrawn: a ztunnel that restarts must not make peers turn away.</summary>
    public TimeSpan ReportGrace { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Longest pause before a status that somebody else changed is put right once more; begins with <see cref="RetryPause"/> and doubles, until there was
    /// peace for twice this long.
    /// </summary>
    public TimeSpan ContestLimit { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long ztunnel may take to answer before a pod is said to wait for it.</summary>
    public TimeSpan ServicePatience { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How long a start waits for the source of pods before what the agent remembers has to do.</summary>
    public TimeSpan SyncPatience { get; init; } = TimeSpan.FromSeconds(10);
}

namespace Ambient.Kubernetes.Leases;

/// <summary>Who stands for election, and its times. Immutable.</summary>
public sealed record LeaderOptions
{
    /// <summary>Namespace of the lease.</summary>
    public required string Namespace { get; init; }

    /// <summary>Name of the lease.</summary>
    public required string Name { get; init; }

    /// <summary>Who we are; different for each process, such as the pod's name and a random part.</summary>
    public required string Identity { get; init; }

    /// <summary>How long others wait before they take a lease that is not renewed.</summary>
    public TimeSpan Duration { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long the leader goes on without renewing; less than <see cref="Duration"/>, so that it has stopped before another begins.</summary>
    public TimeSpan RenewDeadline { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Between two tries.</summary>
    public TimeSpan RetryPeriod { get; init; } = TimeSpan.FromSeconds(7.5);
}

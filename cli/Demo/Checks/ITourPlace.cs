namespace Ambient.Cli.Demo.Checks;

/// <summary>Where the tour of the bookshop plays: in the sandbox, or on a Kubernetes.</summary>
internal interface ITourPlace
{
    /// <summary>Pod and account <c>client</c> of namespace <c>shop</c>.</summary>
    ITourPod Client { get; }

    /// <summary>Pod and account <c>batch</c> of namespace <c>jobs</c>, whom the tour's policy does not know.</summary>
    ITourPod Batch { get; }

    /// <summary>Applies manifests; the reason when that cannot be.</summary>
    Task<string?> ApplyAsync(string manifests);

    /// <summary>Deletes what manifests name.</summary>
    Task DeleteAsync(string manifests);

    /// <summary>Waits until the pods that were asked for run; the reason when they do not.</summary>
    Task<string?> SettleAsync(CancellationToken cancellation);

    /// <summary>The living pods of the bookshop, its waypoint among them: name and addresses.</summary>
    Task<IReadOnlyList<(string Name, IReadOnlyList<string> Addresses)>> PodsAsync();

    /// <summary>The last lines of a pod's log.</summary>
    Task<string> LogAsync(string pod);

    /// <summary>The metrics of a pod of the bookshop, port 15020.</summary>
    Task<string> MetricsAsync(string pod, CancellationToken cancellation);
}

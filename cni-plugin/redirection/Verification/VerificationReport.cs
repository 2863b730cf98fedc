namespace Ambient.Cni.Redirection.Verification;

/// <summary>What a look at the kernel found. Immutable.</summary>
/// <param name="Differences">Empty when the kernel holds exactly the model.</param>
public sealed record VerificationReport(IReadOnlyList<Difference> Differences)
{
    /// <summary>Names of all nftables tables of family inet in the namespace, ours and others'; null when the look did not need them.</summary>
    public IReadOnlyList<string>? InetTables { get; init; }

    /// <summary>Whether the pod's traffic is redirected exactly as the model says.</summary>
    public bool IsClean => Differences.Count == 0;

    /// <summary>A line per difference.</summary>
    public override string ToString() => IsClean ? "as it should be" : string.Join('\n', Differences);
}

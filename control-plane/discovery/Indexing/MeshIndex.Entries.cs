using Ambient.ControlPlane.Discovery.Conditions;
using Ambient.ControlPlane.Discovery.Services;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Istio;

namespace Ambient.ControlPlane.Discovery.Indexing;

/// <remarks>What of a ServiceEntry is not in force as written; those of which all is have no condition for it.</remarks>
public sealed partial class MeshIndex
{
    private const int MostProblems = 5;

    private Condition? EntryProblem(ResourceKey key, ServiceEntry entry)
    {
        string[] invalid = [.. ServiceConversion.Problems(entry)];
        string[] lost = [.. entry.Spec.Hosts.Distinct(StringComparer.Ordinal).Select(host => WinnerOver(key, host)).OfType<string>()];
        return invalid.Length > 0 ? Wrong("Invalid", invalid) : lost.Length > 0 ? Wrong("HostTaken", lost) : null;
    }

    /// <summary>What has a host of the entry in the entry's own namespace, instead of the entry.</summary>
    private string? WinnerOver(ResourceKey entry, string host)
    {
        ServiceView? winner = _winners.GetValueOrDefault(host)?.GetValueOrDefault(entry.Namespace);
        return winner is null || (winner.IsEntry && winner.Source == entry) ? null
            : $"{host} is {(winner.IsEntry ? "the older ServiceEntry's" : "the Service's")} {winner.Source}, which is in force";
    }

    private static Condition Wrong(string reason, string[] problems) => new()
    {
        Type = ConditionTypes.Reconciled,
        Status = "False",
        Reason = reason,
        Message = string.Join("; ", problems.Take(MostProblems)) + (problems.Length > MostProblems ? $"; and {problems.Length - MostProblems} more" : ""),
    };
}

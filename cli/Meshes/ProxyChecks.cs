namespace Ambient.Cli.Meshes;

/// <summary>Judges what replicas of the control plane say about those that they serve. Pure.</summary>
internal static class ProxyChecks
{
    private const int MostNames = 5;
    private const int MostResources = 20;
    private const string What = "what proxies hold";

    /// <summary>Its lines; none when no replica could be asked.</summary>
    public static IEnumerable<CheckLine> Of(IReadOnlyList<ReplicaClients> replicas)
    {
        (string Kind, string Name)[] refused = [.. replicas.SelectMany(static one => one.Refusals).Select(static one => (one.Kind, one.Name)).Distinct().Order()];
        foreach ((string kind, string name) in refused.Take(MostResources))
        {
            RefusedResource[] all = [.. replicas.SelectMany(static one => one.Refusals).Where(one => one.Kind == kind && one.Name == name).DistinctBy(static one => one.Client)];
            yield return new CheckLine(
                CheckOutcome.Failed,
                $"{kind} {name}",
                $"refused by {all.Length} {(all.Length == 1 ? "proxy" : "proxies")}, each keeps what it had of it: {Names(all.Select(static one => one.Client))}; {all[0].Reason}",
                "write the object that it is made of so that the reason is gone (kubectl describe says the same), or bring ztunnels and control plane to the same version");
        }

        if (refused.Length > MostResources)
        {
            yield return new CheckLine(CheckOutcome.Failed, What, $"{refused.Length - MostResources} more resources are refused", "mend those above first; /debug/syncz on port 15014 of the control plane has all");
        }

        UnansweredType[] silent = [.. replicas.SelectMany(static one => one.Unanswered)];
        if (silent.Length > 0)
        {
            string[] clients = [.. silent.Select(static one => one.Client).Distinct()];
            yield return new CheckLine(
                CheckOutcome.Warning,
                What,
                $"{clients.Length} of {replicas.Sum(static one => one.Clients)} proxies did not answer for {silent.Max(static one => one.Seconds)} s: {Names(clients)}",
                "what was changed meanwhile is not in force there: look at the log of that pod, target xds, and delete the pod if it hangs");
        }

        if (refused.Length == 0 && silent.Length == 0 && replicas.Count > 0)
        {
            yield return new CheckLine(CheckOutcome.Good, What, $"{replicas.Sum(static one => one.Clients)} proxies accepted all that {replicas.Count} {(replicas.Count == 1 ? "replica" : "replicas")} of the control plane sent");
        }
    }

    private static string Names(IEnumerable<string> clients)
    {
        string[] all = [.. clients.Order(StringComparer.Ordinal)];
        return string.Join(", ", all.Take(MostNames).Select(Shown)) + (all.Length > MostNames ? $" and {all.Length - MostNames} more" : "");
    }

    /// <summary>Of <c>type~ip~pod.namespace~…</c> the pod.</summary>
    private static string Shown(string client) => client.Split('~') is [_, _, { Length: > 0 } pod, ..] ? pod : client;
}

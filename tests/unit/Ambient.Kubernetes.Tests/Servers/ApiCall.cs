namespace Ambient.Kubernetes.Tests.Servers;

/// <summary>A request as the scripted server got it.</summary>
public sealed record ApiCall(string Method, string Path, IReadOnlyDictionary<string, string> Query, IReadOnlyDictionary<string, string> Headers, string Body)
{
    public bool IsWatch => Query.ContainsKey("watch");

    public string? Version => Query.GetValueOrDefault("resourceVersion");
}

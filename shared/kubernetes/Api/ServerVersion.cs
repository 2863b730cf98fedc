namespace Ambient.Kubernetes.Api;

/// <summary>Answer of <c>/version</c>. Immutable.</summary>
public sealed record ServerVersion
{
    /// <summary><c>major</c>.</summary>
    public string Major { get; init => field = value ?? ""; } = "";

    /// <summary><c>minor</c>; may have a plus sign behind it.</summary>
    public string Minor { get; init => field = value ?? ""; } = "";

    /// <summary><c>gitVersion</c>, such as v1.33.1.</summary>
    public string GitVersion { get; init => field = value ?? ""; } = "";
}

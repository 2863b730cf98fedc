namespace Ambient.Kubernetes.Resources.Istio;

/// <summary>Names an external authoriser. Immutable.</summary>
public sealed record ExtensionProvider
{
    /// <summary><c>name</c>.</summary>
    public string Name { get; init => field = value ?? ""; } = "";
}

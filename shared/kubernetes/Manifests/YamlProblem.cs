namespace Ambient.Kubernetes.Manifests;

/// <summary>Why a text is no usable YAML. Immutable.</summary>
/// <param name="Line">Line, from 1; 0 when unknown.</param>
/// <param name="Reason">What is wrong.</param>
public sealed record YamlProblem(int Line, string Reason)
{
    /// <inheritdoc/>
    public override string ToString() => Line > 0 ? $"line {Line}: {Reason}" : Reason;
}

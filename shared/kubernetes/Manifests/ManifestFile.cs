namespace Ambient.Kubernetes.Manifests;

/// <summary>A file as it was last seen and as it was last good. Immutable.</summary>
/// <param name="Stamp">Time and length when it was last looked at.</param>
/// <param name="ReadStamp">The same when it was last read; another means that it must be read.</param>
/// <param name="Objects">What it said when it was last good.</param>
/// <param name="Guards">Policies of a file that cannot be read now, or what stands for them, as far as <paramref name="Objects"/> does not have them.</param>
/// <param name="Problem">What is wrong with it now; null when it is good.</param>
internal sealed record ManifestFile((DateTime Time, long Length) Stamp, (DateTime Time, long Length) ReadStamp, IReadOnlyList<ManifestObject> Objects, IReadOnlyList<ManifestObject> Guards, YamlProblem? Problem)
{
    /// <summary>What it is taken to say.</summary>
    internal IEnumerable<ManifestObject> All => Objects.Concat(Guards);
}

using YamlDotNet.RepresentationModel;

namespace Ambient.Ztunnel.Discovery.Local;

/// <summary>One thing of a local file with its key and a digest of what the file says about it. Immutable.</summary>
/// <param name="Key">The resource name.</param>
/// <param name="Digest">Equal when the text is.</param>
/// <param name="Value">The thing.</param>
internal readonly record struct LocalItem<T>(string Key, UInt128 Digest, T Value)
{
    internal static LocalItem<T> Of(string key, YamlNode node, T value) => new(key, LocalDigest.Of(YamlReading.Canonical(node)), value);
}

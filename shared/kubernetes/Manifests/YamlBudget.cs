namespace Ambient.Kubernetes.Manifests;

/// <summary>What all documents of a text together may cost: many small ones are no other danger than a large one. Of one text, not thread-safe.</summary>
/// <param name="length">The text's length. A text without tricks costs a small multiple of it, however long it is.</param>
internal sealed class YamlBudget(int length)
{
    private readonly long _mostBytes = Math.Max(YamlToJson.Longest, 8L * length);
    private readonly long _mostFields = Math.Max(YamlToJson.MostFields, length);
    private long _bytes;
    private long _fields;

    /// <summary>Whether another field may be looked at; counts it.</summary>
    public bool TryLook() => ++_fields <= _mostFields;

    /// <summary>Whether a document of this many bytes so far still fits.</summary>
    public bool HasRoom(long bytes) => _bytes + bytes <= _mostBytes;

    /// <summary>A document of this many bytes is written.</summary>
    public void Spend(long bytes) => _bytes += bytes;
}

namespace Ambient.Kubernetes.Api;

/// <summary>A change of an object, and how it is meant. Immutable.</summary>
public sealed class Patch
{
    private Patch(string mediaType, ReadOnlyMemory<byte> body, string? fieldManager, bool isForced) => (MediaType, Body, FieldManager, IsForced) = (mediaType, body, fieldManager, isForced);

    /// <summary>Content type of the request.</summary>
    public string MediaType { get; }

    /// <summary>The patch itself, JSON.</summary>
    public ReadOnlyMemory<byte> Body { get; }

    /// <summary>Who changes; null lets the server guess.</summary>
    public string? FieldManager { get; }

    /// <summary>Whether fields are taken from other managers (apply alone).</summary>
    public bool IsForced { get; }

    /// <summary>JSON merge patch (RFC 7396): null removes; lists are replaced.</summary>
    public static Patch Merge(ReadOnlyMemory<byte> json, string? fieldManager = null) => new("application/merge-patch+json", json, fieldManager, isForced: false);

    /// <summary>JSON patch (RFC 6902): a list of operations, with tests.</summary>
    public static Patch Operations(ReadOnlyMemory<byte> json, string? fieldManager = null) => new("application/json-patch+json", json, fieldManager, isForced: false);

    /// <summary>Strategic merge patch, of built-in kinds alone.</summary>
    public static Patch Strategic(ReadOnlyMemory<byte> json, string? fieldManager = null) => new("application/strategic-merge-patch+json", json, fieldManager, isForced: false);

    /// <summary>
    /// Server-side apply: the object as this manager wants it, with <c>apiVersion</c>, <c>kind</c> and <c>metadata.name</c>; what it no longer names and
    /// nobody else owns is removed. JSON is YAML, which is the type that all versions take.
    /// </summary>
    public static Patch Apply(ReadOnlyMemory<byte> json, string fieldManager, bool isForced = true) => new("application/apply-patch+yaml", json, fieldManager, isForced);
}

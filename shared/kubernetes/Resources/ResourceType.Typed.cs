using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Ambient.Kubernetes.Resources.Shapes;

namespace Ambient.Kubernetes.Resources;

/// <summary>A kind of resources with its record. Immutable. Programs may add their own with their own source-generated JSON.</summary>
public sealed class ResourceType<T> : ResourceType
    where T : Resource
{
    private readonly JsonTypeInfo<T> _json;

    /// <summary>Names a kind; <paramref name="versions"/> the best first.</summary>
    public ResourceType(string group, IReadOnlyList<string> versions, string plural, string kind, JsonTypeInfo<T> json, bool isNamespaced = true)
        : base(group, versions, plural, kind, isNamespaced) => _json = json;

    /// <summary>Reads one object; foreign text gives a problem, never an exception.</summary>
    public bool TryRead(ReadOnlySpan<byte> json, [NotNullWhen(true)] out T? resource, [NotNullWhen(false)] out ReadProblem? problem)
    {
        resource = null;
        try
        {
            problem = Misshapen(json);
            resource = problem is null ? JsonSerializer.Deserialize(json, _json) : null;
            problem ??= resource is null ? new ReadProblem("", "is null, not an object") : null;
        }
        catch (JsonException unreadable)
        {
            problem = ReadProblem.Of(unreadable);
        }
        catch (Exception unreadable) when (unreadable is InvalidOperationException or FormatException or OverflowException or ArgumentException)
        {
            problem = new ReadProblem("", unreadable.Message);
        }

        problem = problem is null ? null : problem with { Remains = RemainsOf(json) };
        return resource is not null;
    }

    /// <summary>What objects must look like beyond what reading asks for; null: nothing.</summary>
    internal Shape? Shape { get; init; }

    /// <summary>What stands for an object that cannot be read, so that nothing is open that it may have closed; null: nothing does.</summary>
    internal Func<JsonElement, Resource>? Remains { get; init; }

    /// <inheritdoc/>
    public override bool TryReadAny(ReadOnlySpan<byte> json, [NotNullWhen(true)] out Resource? resource, [NotNullWhen(false)] out ReadProblem? problem)
    {
        bool isRead = TryRead(json, out T? typed, out problem);
        resource = typed;
        return isRead;
    }

    /// <summary>The object as JSON in a version, with what is empty left out.</summary>
    public byte[] Write(T resource, string version)
    {
        // The copy is made by the record's own type, so nothing of it is lost.
        Resource named = (Resource)resource with { ApiVersion = ApiVersion(version), Kind = Kind };
        return JsonSerializer.SerializeToUtf8Bytes((T)named, _json);
    }

    /// <summary>What reading would overlook.</summary>
    private ReadProblem? Misshapen(ReadOnlySpan<byte> json)
    {
        if (NullElement.Find(json) is { } path)
        {
            return new ReadProblem(path, "is null");
        }

        if (Shape is null)
        {
            return null;
        }

        using JsonDocument whole = Parse(json);
        return Shape.Check(whole.RootElement, "");
    }

    private Resource? RemainsOf(ReadOnlySpan<byte> json)
    {
        if (Remains is null)
        {
            return null;
        }

        try
        {
            using JsonDocument whole = Parse(json);
            return Remains(whole.RootElement);
        }
        catch (Exception unreadable) when (unreadable is JsonException or InvalidOperationException)
        {
            // No JSON, or no UTF-8: such text has no name either.
            return null;
        }
    }

    private static JsonDocument Parse(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        return JsonDocument.ParseValue(ref reader);
    }
}

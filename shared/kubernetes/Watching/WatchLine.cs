using System.Text.Json;
using Ambient.Kubernetes.Api;
using Ambient.Kubernetes.Resources;

namespace Ambient.Kubernetes.Watching;

/// <summary>One line of a watch, understood. Immutable.</summary>
internal readonly record struct WatchLine<T>(WatchLineKind Kind)
    where T : Resource
{
    /// <summary>The object it is about.</summary>
    public ResourceKey Key { get; init; }

    /// <summary>Version to resume from; empty when it has none.</summary>
    public string ResourceVersion { get; init; } = "";

    /// <summary>The object of Changed.</summary>
    public T? Resource { get; init; }

    /// <summary>What is wrong with Refused and Garbage.</summary>
    public ReadProblem? Problem { get; init; }

    /// <summary>What ended the watch.</summary>
    public ApiError? Error { get; init; }

    /// <summary>Reads a line; foreign bytes give Refused or Garbage, never an exception.</summary>
    public static WatchLine<T> Read(ReadOnlySpan<byte> line, ResourceType<T> type)
    {
        try
        {
            var reader = new Utf8JsonReader(line);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            {
                return Garbage("is no object");
            }

            string? kind = null;
            ReadOnlySpan<byte> found = default;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                bool isType = reader.ValueTextEquals("type"u8), isObject = reader.ValueTextEquals("object"u8);
                reader.Read();
                int start = (int)reader.TokenStartIndex;
                kind = isType && reader.TokenType == JsonTokenType.String ? reader.GetString() : kind;
                reader.Skip();
                found = isObject ? line[start..(int)reader.BytesConsumed] : found;
            }

            // The object must be the whole line: what follows would be another event that was glued to it.
            return reader.Read() || kind is null || found.IsEmpty ? Garbage("has no type or no object") : Of(kind, found, type);
        }
        catch (JsonException broken)
        {
            return Garbage(ReadProblem.Of(broken).Reason);
        }
        catch (InvalidOperationException)
        {
            return Garbage("is no UTF-8");
        }
    }

    private static WatchLine<T> Of(string kind, ReadOnlySpan<byte> found, ResourceType<T> type)
    {
        if (kind == "ERROR")
        {
            return new(WatchLineKind.Error) { Error = ApiError.OfWatch(found) };
        }

        if (kind is "ADDED" or "MODIFIED" && type.TryRead(found, out T? resource, out ReadProblem? problem))
        {
            return new(WatchLineKind.Changed) { Key = resource.Key, ResourceVersion = resource.Metadata.ResourceVersion, Resource = resource };
        }

        problem = null;
        ObjectHeader header = ObjectHeader.Of(found);
        if (kind is "ADDED" or "MODIFIED")
        {
            type.TryRead(found, out _, out problem);
        }

        WatchLineKind what = kind switch
        {
            "ADDED" or "MODIFIED" => WatchLineKind.Refused,
            "DELETED" => WatchLineKind.Deleted,
            "BOOKMARK" => WatchLineKind.Bookmark,
            _ => WatchLineKind.Garbage,
        };
        if (what is not (WatchLineKind.Bookmark or WatchLineKind.Garbage) && header.Name is null)
        {
            return Garbage("is about an object without a name");
        }

        return what == WatchLineKind.Garbage
            ? Garbage("is of an unknown type")
            : new(what) { Key = header.Key, ResourceVersion = header.ResourceVersion ?? "", Problem = problem };
    }

    private static WatchLine<T> Garbage(string reason) => new(WatchLineKind.Garbage) { Problem = new ReadProblem("", reason) };
}

using System.Text.Json;
using Ambient.Kubernetes.Resources;

namespace Ambient.Kubernetes.Api;

/// <summary>Reads a list object by object, so that one that cannot be read does not take the others along. Pure.</summary>
internal static class ListReader
{
    /// <summary>Reads a page; null with the reason when it is no list at all.</summary>
    public static ListPage<T>? Read<T>(ReadOnlySpan<byte> json, ResourceType<T> type, out string? error)
        where T : Resource
    {
        List<T> items = [];
        List<RefusedObject> refused = [];
        ObjectHeader list = default;
        error = null;
        try
        {
            var reader = new Utf8JsonReader(json);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            {
                error = "the answer is no object";
                return null;
            }

            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                bool isMetadata = reader.ValueTextEquals("metadata"u8), isItems = reader.ValueTextEquals("items"u8);
                reader.Read();
                if (isMetadata)
                {
                    int start = (int)reader.TokenStartIndex;
                    reader.Skip();
                    list = ObjectHeader.OfMetadata(json[start..(int)reader.BytesConsumed]);
                }
                else if (isItems && reader.TokenType == JsonTokenType.StartArray)
                {
                    ReadItems(json, ref reader, type, items, refused);
                }
                else
                {
                    reader.Skip();
                }
            }
        }
        catch (JsonException broken)
        {
            error = ReadProblem.Of(broken).ToString();
            return null;
        }

        return new ListPage<T>(items, refused, list.ResourceVersion ?? "", list.Continue ?? "");
    }

    private static void ReadItems<T>(ReadOnlySpan<byte> json, ref Utf8JsonReader reader, ResourceType<T> type, List<T> items, List<RefusedObject> refused)
        where T : Resource
    {
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            int start = (int)reader.TokenStartIndex;
            reader.Skip();
            ReadOnlySpan<byte> item = json[start..(int)reader.BytesConsumed];
            if (type.TryRead(item, out T? resource, out ReadProblem? problem))
            {
                items.Add(resource);
            }
            else
            {
                ObjectHeader header = ObjectHeader.Of(item);
                refused.Add(new RefusedObject(header.Key, header.ResourceVersion ?? "", problem));
            }
        }
    }
}

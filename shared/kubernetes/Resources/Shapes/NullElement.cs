using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Ambient.Kubernetes.Resources.Shapes;

/// <summary>Finds nulls in lists: reading takes them for objects that are not there, and nobody means them. Pure.</summary>
internal static class NullElement
{
    /// <summary>Where the first one is, such as <c>spec.ports[0]</c>; null: nowhere. Throws <see cref="JsonException"/> for what is no JSON.</summary>
    public static string? Find(ReadOnlySpan<byte> json)
    {
        if (json.IndexOf("null"u8) < 0)
        {
            // Nearly always.
            return null;
        }

        var reader = new Utf8JsonReader(json);
        List<(string Name, int At)> way = [];
        string name = "";
        while (reader.Read())
        {
            bool isInList = way.Count > 0 && way[^1].At >= 0;
            if (isInList && reader.TokenType is not (JsonTokenType.EndArray or JsonTokenType.PropertyName))
            {
                way[^1] = (way[^1].Name, way[^1].At + 1);
            }

            switch (reader.TokenType)
            {
                case JsonTokenType.PropertyName:
                    name = Encoding.UTF8.GetString(reader.ValueSpan);
                    break;
                case JsonTokenType.StartObject or JsonTokenType.StartArray:
                    way.Add((isInList ? "" : name, reader.TokenType == JsonTokenType.StartArray ? 0 : -1));
                    break;
                case JsonTokenType.EndObject or JsonTokenType.EndArray:
                    way.RemoveAt(way.Count - 1);
                    break;
                case JsonTokenType.Null when isInList:
                    return Path(way);
                default:
                    break;
            }
        }

        return null;
    }

    private static string Path(List<(string Name, int At)> way)
    {
        var path = new StringBuilder();
        foreach ((string name, int at) in way)
        {
            path.Append(path.Length > 0 && name.Length > 0 ? "." : "").Append(name);
            if (at > 0)
            {
                path.Append('[').Append((at - 1).ToString(CultureInfo.InvariantCulture)).Append(']');
            }
        }

        return path.ToString();
    }
}

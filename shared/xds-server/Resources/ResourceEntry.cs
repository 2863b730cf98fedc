using System.Globalization;
using Ambient.Protocol.Envoy.Discovery;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace Ambient.Xds.Server.Resources;

/// <summary>A resource in the bytes of a response, made once and shared by all clients. Immutable.</summary>
internal sealed class ResourceEntry
{
    /// <summary>Field 2 of a response, length-delimited.</summary>
    private const byte ResourcesTag = (2 << 3) | 2;

    private ResourceEntry(string name, string version, byte[] field, ResourceContent content)
    {
        Name = name;
        Version = version;
        Field = field;
        Aliases = content.Aliases;
        Groups = content.Groups;
        IsGroup = content.IsGroup;
        Node = content.Node;
        Needs = content.Needs;
    }

    internal string Name { get; }

    /// <summary>Lower-case hex of the content's xxHash (control-plane reference 5.5).</summary>
    internal string Version { get; }

    /// <summary>The whole field of a response: tag, length, Resource.</summary>
    internal byte[] Field { get; }

    internal IReadOnlyList<string> Aliases { get; }

    internal IReadOnlyList<string> Groups { get; }

    internal bool IsGroup { get; }

    internal string Node { get; }

    internal IReadOnlySet<string>? Needs { get; }

    internal static ResourceEntry Make(string typeUrl, string name, ResourceContent content)
    {
        ByteString value = content.Message.ToByteString();
        string version = XxHash64.Of(value.Span).ToString("x16", CultureInfo.InvariantCulture);
        var resource = new Resource { Name = name, Version = version, Resource_ = new Any { TypeUrl = typeUrl, Value = value } };
        resource.Aliases.AddRange(content.Aliases);
        int size = resource.CalculateSize();
        byte[] field = new byte[1 + CodedOutputStream.ComputeLengthSize(size) + size];
        var output = new CodedOutputStream(field);
        output.WriteRawTag(ResourcesTag);
        output.WriteMessage(resource);
        output.Flush();
        return new ResourceEntry(name, version, field, content);
    }

    /// <summary>Whether a client that has the one has the other, and finds it by the same names.</summary>
    internal bool IsSame(ResourceEntry other) =>
        Field.AsSpan().SequenceEqual(other.Field) && Node == other.Node && IsGroup == other.IsGroup && Groups.SequenceEqual(other.Groups, StringComparer.Ordinal)
        && (Needs is null ? other.Needs is null : other.Needs is not null && Needs.SetEquals(other.Needs));

    /// <summary>Whether it is found by the same words as another of its name.</summary>
    internal bool HasWordsOf(ResourceEntry other) =>
        Node == other.Node && Aliases.SequenceEqual(other.Aliases, StringComparer.Ordinal) && Groups.SequenceEqual(other.Groups, StringComparer.Ordinal);
}

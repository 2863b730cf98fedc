using Google.Protobuf;

namespace Ambient.Xds.Server.Resources;

/// <summary>A resource as it is to be served. Immutable.</summary>
public sealed record ResourceContent
{
    /// <summary>The message; its bytes make the version, so equal content must give equal bytes (maps filled in a fixed order).</summary>
    public required IMessage Message { get; init; }

    /// <summary>Other names that on-demand clients may ask for it by, <c>network/ip</c>.</summary>
    public IReadOnlyList<string> Aliases { get; init; } = [];

    /// <summary>Names of the resources that it is a member of: a workload's services.</summary>
    public IReadOnlyList<string> Groups { get; init; } = [];

    /// <summary>Whether others may be its members; it is found by an alias only when no other resource has that.</summary>
    public bool IsGroup { get; init; }

    /// <summary>The node that it is on; clients of that node get it unasked. Empty: none.</summary>
    public string Node { get; init; } = "";

    /// <summary>Of a resource that says what its owner needs: the names, or groups, of what it is to be told of the type that is limited by needs. Null: any other resource.</summary>
    public IReadOnlySet<string>? Needs { get; init; }
}

using System.Text.Json;
using System.Text.Json.Nodes;

namespace Ambient.ControlPlane.Discovery.Conditions;

/// <summary>One of a route's <c>parentRefs</c>, as it was written. Immutable.</summary>
public sealed record ParentReference
{
    private const string GatewayApi = "gateway.networking.k8s.io";

    /// <summary><c>group</c>; null: not given.</summary>
    public string? Group { get; init; }

    /// <summary><c>kind</c>; null: not given.</summary>
    public string? Kind { get; init; }

    /// <summary><c>namespace</c>; null: the route's own.</summary>
    public string? Namespace { get; init; }

    /// <summary><c>name</c>.</summary>
    public string Name { get; init; } = "";

    /// <summary><c>sectionName</c>; null: all of them.</summary>
    public string? SectionName { get; init; }

    /// <summary><c>port</c>; null: all of them.</summary>
    public uint? Port { get; init; }

    /// <summary>Whether it is a Service.</summary>
    public bool IsService => Group is "" or "core" && Kind == "Service";

    /// <summary>Whether it is a ServiceEntry.</summary>
    public bool IsServiceEntry => Group == "networking.istio.io" && Kind == "ServiceEntry";

    /// <summary>Reads one; fields of the wrong type count as not given.</summary>
    public static ParentReference Read(JsonElement json) => new()
    {
        Group = Text(json, "group"),
        Kind = Text(json, "kind"),
        Namespace = Text(json, "namespace"),
        Name = Text(json, "name") ?? "",
        SectionName = Text(json, "sectionName"),
        Port = json.ValueKind == JsonValueKind.Object && json.TryGetProperty("port", out JsonElement port) && port.ValueKind == JsonValueKind.Number && port.TryGetUInt32(out uint number) ? number : null,
    };

    /// <summary>The same with everything that the API lets one leave out.</summary>
    /// <param name="routeNamespace">The route's namespace.</param>
    public ParentReference Whole(string routeNamespace) => this with
    {
        Group = Group switch { null => GatewayApi, "core" => "", var given => given },
        Kind = Kind ?? "Gateway",
        Namespace = Namespace is { Length: > 0 } ? Namespace : routeNamespace,
        SectionName = SectionName is { Length: > 0 } ? SectionName : null,
    };

    /// <summary>As JSON.</summary>
    public JsonObject ToJson()
    {
        var json = new JsonObject();
        Add(json, "group", Group);
        Add(json, "kind", Kind);
        Add(json, "namespace", Namespace);
        json["name"] = Name;
        Add(json, "sectionName", SectionName);
        if (Port is { } port)
        {
            json["port"] = port;
        }

        return json;
    }

    private static void Add(JsonObject json, string name, string? value)
    {
        if (value is not null)
        {
            json[name] = value;
        }
    }

    private static string? Text(JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}

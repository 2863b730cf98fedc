using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace Ambient.Cli.Dumps;

/// <summary>What a ztunnel (ours or upstream's) answers to <c>/config_dump</c> (ztunnel.md 10.7). Immutable.</summary>
internal sealed class ConfigDump
{
    private readonly JsonElement _root;

    private ConfigDump(JsonElement root) => _root = root;

    /// <summary>Workloads, as the dump has them.</summary>
    public IEnumerable<JsonElement> Workloads => _root.List("workloads");

    /// <summary>Services.</summary>
    public IEnumerable<JsonElement> Services => _root.List("services");

    /// <summary>Policies.</summary>
    public IEnumerable<JsonElement> Policies => _root.List("policies");

    /// <summary>Certificates.</summary>
    public IEnumerable<JsonElement> Certificates => _root.List("certificates");

    /// <summary>Routes of services; waypoints alone have them.</summary>
    public IEnumerable<JsonElement> Routes => _root.List("routes");

    /// <summary>How a waypoint reaches hosts.</summary>
    public IEnumerable<JsonElement> Destinations => _root.List("destinations");

    /// <summary>A waypoint's policies.</summary>
    public IEnumerable<JsonElement> AccessPolicies => _root.List("accessPolicies");

    /// <summary>A waypoint's rules for tokens.</summary>
    public IEnumerable<JsonElement> TokenPolicies => _root.List("tokenPolicies");

    /// <summary>A waypoint's limits of requests.</summary>
    public IEnumerable<JsonElement> RateLimits => _root.List("rateLimits");

    /// <summary>Endpoints that a waypoint's routes lead to.</summary>
    public IEnumerable<JsonElement> Endpoints => _root.List("endpoints");

    /// <summary>Whether it is that of a waypoint.</summary>
    public bool IsOfWaypoint => _root.Member("routes") is { ValueKind: JsonValueKind.Array };

    /// <summary>Pods of the node, by uid.</summary>
    public IEnumerable<JsonProperty> Pods => _root.Fields("workloadState");

    /// <summary>Settings.</summary>
    public JsonElement Config => _root.Member("config") ?? default;

    /// <summary>The proxy's own network.</summary>
    public string Network => Config.Text("network");

    /// <summary>The proxy's node.</summary>
    public string Node => Config.Text("localNode");

    /// <summary>The proxy's version.</summary>
    public string Version => _root.Member("version") is { } version ? version.Text("version") : "";

    /// <summary>Reads a dump; foreign text gives an error, never an exception.</summary>
    public static bool TryParse(ReadOnlyMemory<byte> json, [NotNullWhen(true)] out ConfigDump? dump, [NotNullWhen(false)] out string? error)
    {
        dump = null;
        JsonElement root;
        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 64 });
            root = document.RootElement.Clone();
        }
        catch (JsonException broken)
        {
            error = "is not JSON: " + broken.Message;
            return false;
        }

        if (root.Member("workloads") is not { ValueKind: JsonValueKind.Array })
        {
            error = "is no config_dump: it has no list 'workloads'";
            return false;
        }

        error = null;
        dump = new ConfigDump(root);
        return true;
    }
}

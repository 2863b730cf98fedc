using System.Text.Json;
using Ambient.Cni.Enrolment;

namespace Ambient.Cni.Plugin.Protocol;

/// <summary>Our entry of the list, as the runtime hands it over (cni-and-redirection.md 2.1). What is not ours is not looked at. Immutable.</summary>
internal sealed record NetworkConfiguration
{
    private const string DefaultRunDirectory = "/var/run/istio-cni";
    private const int MaxDepth = 64;
    private const int MaxNamespaces = 4096;

    /// <summary><c>cniVersion</c>.</summary>
    public required string Version { get; init; }

    /// <summary><c>prevResult</c>; null when there is none.</summary>
    public PreviousResult? Previous { get; init; }

    /// <summary><c>cni_agent_run_dir</c>.</summary>
    public string RunDirectory { get; init; } = DefaultRunDirectory;

    /// <summary><c>ambient_enabled</c>: only an explicit no switches the plugin off.</summary>
    public bool IsEnabled { get; init; } = true;

    /// <summary><c>exclude_namespaces</c>.</summary>
    public IReadOnlyList<string> ExcludedNamespaces { get; init; } = [];

    /// <summary><c>pod_namespace</c>: where the node agent runs.</summary>
    public string AgentNamespace { get; init; } = "";

    /// <summary><c>plugin_log_level</c>: what the agent's log is to hear; info when it is not one of debug, info, warn, error.</summary>
    public string LogLevel { get; init; } = "info";

    /// <summary><c>agent_wire</c>, ours: <c>upstream</c> when upstream's node agent answers.</summary>
    public bool IsUpstreamAgent { get; init; }

    /// <summary><c>agent_on_host_network</c>, ours: the agent's pod starts without CNI, so STATUS may wait for the agent.</summary>
    public bool IsAgentOnHostNetwork { get; init; }

    /// <summary>Reads standard input; the version is told as soon as it is known, for errors. Throws <see cref="CniException"/> that names the field.</summary>
    public static NetworkConfiguration Read(byte[] input, ref string version)
    {
        using JsonDocument document = Parse(input);
        JsonElement root = document.RootElement;
        if (root.ValueKind != JsonValueKind.Object)
        {
            throw new CniException(CniErrorCode.Undecodable, "standard input is not a JSON object");
        }

        // The specification: without a version it is of the first one, which had no chains.
        string said = Text(root, "cniVersion") is { Length: > 0 } v ? v : "0.1.0";
        version = CniVersions.Supported.Contains(said) ? said : version;
        string directory = Text(root, "cni_agent_run_dir") is { Length: > 0 } d ? d : DefaultRunDirectory;
        return new NetworkConfiguration
        {
            Version = said,
            Previous = CniVersions.Supported.Contains(said) ? PreviousResult.Read(root, said) : null,
            RunDirectory = CniEnvironment.IsPlainPath(directory) ? directory : throw Wrong("cni_agent_run_dir", "an absolute path without . and .."),
            IsEnabled = Flag(root, "ambient_enabled") ?? true,
            ExcludedNamespaces = Texts(root, "exclude_namespaces"),
            AgentNamespace = Text(root, "pod_namespace") ?? "",
            LogLevel = root.TryGetProperty("plugin_log_level", out JsonElement level) && TextOf(level) is "debug" or "warn" or "error" ? TextOf(level)! : "info",
            IsUpstreamAgent = Text(root, "agent_wire") switch
            {
                null or "ambient" => false,
                "upstream" => true,
                _ => throw Wrong("agent_wire", "ambient or upstream"),
            },
            IsAgentOnHostNetwork = Flag(root, "agent_on_host_network") ?? false,
        };
    }

    /// <summary>The version to answer VERSION with: the one that was said, or the newest when nothing useful was.</summary>
    public static string VersionIn(byte[] input)
    {
        try
        {
            using JsonDocument document = Parse(input);
            return document.RootElement.ValueKind == JsonValueKind.Object && Text(document.RootElement, "cniVersion") is { Length: > 0 } said ? CniOutput.Printable(said) : CniVersions.Newest;
        }
        catch (CniException)
        {
            return CniVersions.Newest;
        }
    }

    /// <summary>Whether the mesh never has a say about a pod: the agent's own must start without anybody's leave, the others are excluded.</summary>
    public bool Leaves(PodArguments? pod) =>
        !IsEnabled || pod is null || OwnPods.Contains(pod.Name, pod.Namespace, AgentNamespace, OwnPods.DefaultPrefixes) || ExcludedNamespaces.Contains(pod.Namespace);

    internal static CniException Wrong(string field, string allowed) => new(CniErrorCode.InvalidConfiguration, $"field {field} of the network configuration is not {allowed}");

    private static JsonDocument Parse(byte[] input)
    {
        try
        {
            return JsonDocument.Parse(input, new JsonDocumentOptions { MaxDepth = MaxDepth });
        }
        catch (JsonException wrong)
        {
            throw new CniException(CniErrorCode.Undecodable, "standard input is not JSON: " + wrong.Message);
        }
    }

    private static JsonElement? Field(JsonElement root, string name) =>
        root.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;

    private static string? Text(JsonElement root, string name) => Field(root, name) is { } value ? TextOf(value) ?? throw Wrong(name, "a text") : null;

    private static bool? Flag(JsonElement root, string name) => Field(root, name)?.ValueKind switch
    {
        null => null,
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw Wrong(name, "true or false"),
    };

    private static string[] Texts(JsonElement root, string name)
    {
        if (Field(root, name) is not { } list)
        {
            return [];
        }

        if (list.ValueKind != JsonValueKind.Array || list.GetArrayLength() > MaxNamespaces)
        {
            throw Wrong(name, "a list of texts");
        }

        return [.. list.EnumerateArray().Select(e => TextOf(e) ?? throw Wrong(name, "a list of texts"))];
    }

    /// <summary>The text of a value; null when it is none, or no Unicode.</summary>
    internal static string? TextOf(JsonElement value)
    {
        try
        {
            return value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }
}

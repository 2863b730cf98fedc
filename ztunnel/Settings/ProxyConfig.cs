using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Ambient.Ztunnel.Settings;

/// <summary>The fields of a mesh ProxyConfig that ztunnel reads (ztunnel.md 9.1). Immutable.</summary>
public sealed record ProxyConfig
{
    /// <summary>Control plane as host:port.</summary>
    public string? DiscoveryAddress { get; init; }

    /// <summary>Admin port.</summary>
    public int? ProxyAdminPort { get; init; }

    /// <summary>Metrics port.</summary>
    public int? StatsPort { get; init; }

    /// <summary>Worker threads, 0 for all cores.</summary>
    public int? Concurrency { get; init; }

    /// <summary>Metadata, keys as written.</summary>
    public IReadOnlyDictionary<string, string> ProxyMetadata { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Reads YAML or JSON. Empty text is an empty config; fields that ztunnel does not know are ignored.</summary>
    /// <param name="text">The document.</param>
    /// <param name="inside">Member that holds the config, or null when the document is the config.</param>
    /// <param name="error">What is wrong, naming the field.</param>
    public static ProxyConfig? Parse(string text, string? inside, out string? error)
    {
        error = null;
        try
        {
            YamlStream stream = [];
            stream.Load(new StringReader(text));
            YamlNode? node = stream.Documents.Count == 0 ? null : stream.Documents[0].RootNode;
            if (inside is not null)
            {
                node = node is YamlMappingNode outer ? Member(outer, inside) : node;
            }

            if (node is null or YamlScalarNode { Value: null or "" or "null" or "~" })
            {
                return new ProxyConfig();
            }

            if (node is YamlMappingNode map)
            {
                return Read(map, out error);
            }

            error = "expected a mapping of fields";
        }
        catch (YamlException failure)
        {
            error = $"not YAML: line {failure.Start.Line}, column {failure.Start.Column}: {failure.Message}";
        }

        catch (Exception failure) when (failure is ArgumentException or InvalidOperationException or InvalidCastException or FormatException)
        {
            // What the library throws for some malformed documents instead of its own exception.
            error = $"not YAML: {failure.Message}";
        }

        return null;
    }

    /// <summary>This config overlaid by another, field by field, metadata key by key.</summary>
    public ProxyConfig OverlaidBy(ProxyConfig over)
    {
        ArgumentNullException.ThrowIfNull(over);
        Dictionary<string, string> metadata = new(ProxyMetadata, StringComparer.Ordinal);
        foreach ((string key, string value) in over.ProxyMetadata)
        {
            metadata[key] = value;
        }

        return new ProxyConfig
        {
            DiscoveryAddress = over.DiscoveryAddress ?? DiscoveryAddress,
            ProxyAdminPort = over.ProxyAdminPort ?? ProxyAdminPort,
            StatsPort = over.StatsPort ?? StatsPort,
            Concurrency = over.Concurrency ?? Concurrency,
            ProxyMetadata = metadata,
        };
    }

    private static ProxyConfig? Read(YamlMappingNode map, out string? error)
    {
        error = null;
        Dictionary<string, string> metadata = new(StringComparer.Ordinal);
        if (Member(map, "proxyMetadata") is { } node && node is not YamlScalarNode { Value: null or "" or "null" or "~" })
        {
            if (node is not YamlMappingNode entries || entries.Children.Any(e => e.Key is not YamlScalarNode || e.Value is not YamlScalarNode))
            {
                error = "proxyMetadata: expected a mapping of texts";
                return null;
            }

            foreach ((YamlNode key, YamlNode value) in entries.Children)
            {
                metadata[((YamlScalarNode)key).Value ?? string.Empty] = ((YamlScalarNode)value).Value ?? string.Empty;
            }
        }

        ProxyConfig config = new()
        {
            DiscoveryAddress = (Member(map, "discoveryAddress") as YamlScalarNode)?.Value,
            ProxyAdminPort = Number(map, "proxyAdminPort", 65535, ref error),
            StatsPort = Number(map, "statsPort", 65535, ref error),
            Concurrency = Number(map, "concurrency", 4096, ref error),
            ProxyMetadata = metadata,
        };
        return error is null ? config : null;
    }

    private static int? Number(YamlMappingNode map, string name, int highest, ref string? error)
    {
        switch (Member(map, name))
        {
            case null or YamlScalarNode { Value: null or "null" or "~" }:
                return null;
            case YamlScalarNode scalar when int.TryParse(scalar.Value, System.Globalization.NumberStyles.None, null, out int number) && number <= highest:
                return number;
            default:
                error ??= $"{name}: expected a number from 0 to {highest}";
                return null;
        }
    }

    private static YamlNode? Member(YamlMappingNode map, string name)
        => map.Children.FirstOrDefault(c => c.Key is YamlScalarNode key && key.Value == name).Value;
}

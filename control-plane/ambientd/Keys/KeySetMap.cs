using System.Text;
using System.Text.Json.Nodes;
using Ambient.ControlPlane.Routing.Keys;
using Ambient.Kubernetes.Api;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Configuration;

namespace Ambient.ControlPlane.Keys;

/// <summary>Key sets in a ConfigMap: they are public. Thread-safe.</summary>
internal sealed class KeySetMap(KubernetesClient client, string systemNamespace) : IKeySetMemory
{
    /// <summary>Its name, for the rights to write it.</summary>
    internal const string Name = "ambient-key-sets";

    private const string Field = "key-sets.jsonl";
    private readonly ResourceKey _key = new(systemNamespace, Name);

    public async Task<string?> LoadAsync(CancellationToken cancellation)
    {
        ApiResult<ConfigMap> read = await client.GetAsync(KnownResources.ConfigMaps, _key, cancellation);
        return read.IsOk(out ConfigMap? map, out ApiError? error) ? map.Data.Find(Field) : error.IsNotFound ? null : throw new IOException($"the ConfigMap {_key}: {error}");
    }

    public async Task SaveAsync(string text, CancellationToken cancellation)
    {
        var wanted = new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "ConfigMap",
            ["metadata"] = new JsonObject { ["name"] = _key.Name, ["namespace"] = _key.Namespace },
            ["data"] = new JsonObject { [Field] = text },
        };
        ApiResult<ConfigMap> written = await client.PatchAsync(KnownResources.ConfigMaps, _key, Patch.Apply(Encoding.UTF8.GetBytes(wanted.ToJsonString()), "ambientd-key-sets"), cancellation);
        if (written.Error is { } error)
        {
            throw new IOException($"the ConfigMap {_key}: {error}");
        }
    }
}

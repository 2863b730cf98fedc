using System.Text;
using System.Text.Json.Nodes;
using Ambient.Kubernetes.Api;
using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Controllers.Statuses;

/// <summary>Writes a status for the version of the object that was looked at: who was slower looks again. Stateless.</summary>
internal static class StatusPatch
{
    internal const string Manager = "ambientd-status";

    /// <summary>Null: done, which is <paramref name="noted"/>, or the object is gone or another one meanwhile; otherwise why not.</summary>
    internal static async Task<string?> WriteAsync<T>(KubernetesClient client, ResourceType<T> type, T seen, JsonObject status, CancellationToken cancellation, Action? noted = null)
        where T : Resource
    {
        var body = new JsonObject { ["metadata"] = new JsonObject { ["resourceVersion"] = seen.Metadata.ResourceVersion }, ["status"] = status };
        ApiResult<T> written = await client.PatchAsync(type, seen.Key, Patch.Merge(Encoding.UTF8.GetBytes(body.ToJsonString()), Manager), cancellation, "status");
        if (written.Error is null)
        {
            noted?.Invoke();
        }

        // Somebody was faster: that change is on its way to us, and the object is looked at again when it is here.
        return written.Error is { IsNotFound: false, IsConflict: false } error ? error.ToString() : null;
    }
}

using System.Text;
using Ambient.Component.Tests.Kubernetes;
using Ambient.Kubernetes.Api;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Workloads;

namespace Ambient.Component.Tests.ControlPlane.OnKubernetes;

/// <summary>Objects of a mesh in an API server, in one line each.</summary>
internal static class MeshObjects
{
    /// <summary>A pod that runs, with an address, of the account of its own name unless another is named.</summary>
    public static async Task<Pod> RunningPodAsync(this ApiServerFixture rig, string space, string name, string ip, string node = "node1", string? account = null, string notes = "{}")
    {
        account ??= name;
        await rig.ApplyAsync(KnownResources.Pods, new ResourceKey(space, name), $$$"""
            {"apiVersion":"v1","kind":"Pod","metadata":{"name":"{{{name}}}","labels":{"app":"{{{name}}}"},"annotations":{{{notes}}}},
             "spec":{"nodeName":"{{{node}}}","serviceAccountName":"{{{account}}}","containers":[{"name":"c","image":"i","ports":[{"containerPort":80}]}]}}
            """);
        string status = $$$"""{"status":{"phase":"Running","podIP":"{{{ip}}}","podIPs":[{"ip":"{{{ip}}}"}],"conditions":[{"type":"Ready","status":"True"}]}}""";
        ApiResult<Pod> running = await rig.Admin.PatchAsync(KnownResources.Pods, new ResourceKey(space, name), Patch.Merge(Encoding.UTF8.GetBytes(status)), CancellationToken.None, "status");
        Assert.True(running.IsOk(out Pod? pod, out ApiError? error), error?.ToString());
        return pod;
    }

    /// <summary>A token of a pod's account that is bound to the pod, as the kubelet gets them.</summary>
    public static async Task<string> PodTokenAsync(this ApiServerFixture rig, Pod pod, string audience = "istio-ca", TimeSpan? life = null)
    {
        string space = pod.Metadata.Namespace, name = pod.Spec.ServiceAccountName;
        ServiceAccount account = await rig.ApplyAsync(KnownResources.ServiceAccounts, new ResourceKey(space, name), $$$"""{"apiVersion":"v1","kind":"ServiceAccount","metadata":{"name":"{{{name}}}"}}""");
        return rig.Files.Token(space, name, account.Metadata.Uid, audience, life ?? TimeSpan.FromHours(1), (pod.Metadata.Name, pod.Metadata.Uid));
    }

    /// <summary>Applies an object that is given as its spec.</summary>
    public static Task<T> SpecAsync<T>(this ApiServerFixture rig, ResourceType<T> type, string space, string name, string spec, string meta = "")
        where T : Resource
    {
        string version = type.Group.Length == 0 ? "v1" : type.Group + "/v1";
        return rig.ApplyAsync(type, new ResourceKey(space, name), $$$"""{"apiVersion":"{{{version}}}","kind":"{{{type.Kind}}}","metadata":{"name":"{{{name}}}"{{{meta}}}},"spec":{ {{{spec}}} } }""");
    }
}

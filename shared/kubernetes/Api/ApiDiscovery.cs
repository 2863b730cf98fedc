using System.Collections.Concurrent;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Extensions;

namespace Ambient.Kubernetes.Api;

/// <summary>
/// Which version of a kind the server knows, from Kubernetes 1.20 to today. What was found is remembered until it is told to be gone; what was absent
/// is asked for again each time. Thread-safe.
/// </summary>
public sealed class ApiDiscovery
{
    /// <summary>Reason of the error for a kind that the server does not have.</summary>
    public const string AbsentReason = "ApiAbsent";

    /// <summary>The same, but we may not read the definitions that would prove it: perhaps the server has only just started.</summary>
    public const string PerhapsAbsentReason = "ApiPerhapsAbsent";

    private readonly KubernetesClient _client;
    private readonly ConcurrentDictionary<string, string> _found = new(StringComparer.Ordinal);

    internal ApiDiscovery(KubernetesClient client) => _client = client;

    /// <summary>
    /// The best version of a kind that the server serves. Error with <see cref="AbsentReason"/> when it certainly has none; another when that is not known, or not yet.
    /// </summary>
    public async Task<ApiResult<string>> VersionOfAsync(ResourceType type, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(type);
        if (type is { Versions: [var only], IsCustom: false })
        {
            return new(only);
        }

        if (_found.TryGetValue(type.FullName, out string? known))
        {
            return new(known);
        }

        foreach (string version in type.Versions)
        {
            ApiResult<ApiResourceList> answer = await _client.ResourcesOfAsync(type.Group, version, cancellation);
            if (answer.IsOk(out ApiResourceList? list, out ApiError? error))
            {
                if (list.Resources.Any(r => r.Name == type.Plural))
                {
                    _found[type.FullName] = version;
                    return new(version);
                }
            }
            else if (!error.IsNotFound)
            {
                return new(error);
            }
        }

        return new(await ConfirmAbsentAsync(type, cancellation));
    }

    /// <summary>A kind is perhaps not served any more: asks again next time.</summary>
    public void Forget(ResourceType type)
    {
        ArgumentNullException.ThrowIfNull(type);
        _found.TryRemove(type.FullName, out _);
    }

    /// <summary>
    /// A server that has just started does not serve custom resources yet that it holds; taking policies for absent would open the mesh. The definition
    /// is read from the store, so it tells.
    /// </summary>
    private async Task<ApiError> ConfirmAbsentAsync(ResourceType type, CancellationToken cancellation)
    {
        string text = $"the API server has no {type} ({string.Join(", ", type.Versions)})";
        var absent = new ApiError(404, AbsentReason, text);
        if (!type.IsCustom)
        {
            return absent;
        }

        ApiResult<CustomResourceDefinition> definition = await _client.GetAsync(KnownResources.CustomResourceDefinitions, new ResourceKey("", type.FullName), cancellation);
        if (definition.IsOk(out CustomResourceDefinition? found, out ApiError? error))
        {
            bool isServed = found.Spec.Versions.Any(v => v.Served && type.Versions.Contains(v.Name));
            return isServed ? new ApiError(503, "NotServedYet", $"{type} is defined but not served yet") : absent;
        }

        return error.IsNotFound ? absent : error.IsForbidden ? new ApiError(404, PerhapsAbsentReason, text) : error;
    }
}

using System.Text.Json;
using Ambient.Kubernetes.Connections;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Json;

namespace Ambient.Kubernetes.Api;

/// <summary>
/// Talks to one API server. Answers are values, never exceptions (cancellation apart). Reads are repeated on 429 and 5xx, writes on 429 alone, for a
/// write that failed may have been done. Thread-safe.
/// </summary>
public sealed class KubernetesClient : IDisposable
{
    private readonly ApiTransport _transport;

    /// <summary>Connects when first used.</summary>
    public KubernetesClient(ClusterConnection connection, ClientOptions options, TimeProvider time)
    {
        _transport = new ApiTransport(connection, options, time);
        Namespace = connection.Namespace;
        Discovery = new ApiDiscovery(this);
    }

    /// <summary>Our own namespace.</summary>
    public string Namespace { get; }

    /// <summary>Which kinds the server knows.</summary>
    public ApiDiscovery Discovery { get; }

    /// <summary>Reads one object.</summary>
    public Task<ApiResult<T>> GetAsync<T>(ResourceType<T> type, ResourceKey key, CancellationToken cancellation)
        where T : Resource => OnAsync(type, v => new ApiRequest(HttpMethod.Get, ApiPaths.Object(type, v, key)), cancellation);

    /// <summary>Makes an object; its namespace is in its metadata.</summary>
    public Task<ApiResult<T>> CreateAsync<T>(ResourceType<T> type, T resource, CancellationToken cancellation)
        where T : Resource, IWholeResource
    {
        ArgumentNullException.ThrowIfNull(resource);
        return OnAsync(type, v => new ApiRequest(HttpMethod.Post, ApiPaths.Collection(type, v, resource.Metadata.Namespace)) { Body = type.Write(resource, v) }, cancellation);
    }

    /// <summary>
    /// Replaces an object as a whole. With a resource version it fails with a conflict when somebody else was faster.
    /// </summary>
    public Task<ApiResult<T>> UpdateAsync<T>(ResourceType<T> type, T resource, CancellationToken cancellation)
        where T : Resource, IWholeResource
    {
        ArgumentNullException.ThrowIfNull(resource);
        return OnAsync(type, v => new ApiRequest(HttpMethod.Put, ApiPaths.Object(type, v, resource.Key)) { Body = type.Write(resource, v) }, cancellation);
    }

    /// <summary>Changes an object, or with <paramref name="subresource"/> its <c>status</c> alone.</summary>
    public Task<ApiResult<T>> PatchAsync<T>(ResourceType<T> type, ResourceKey key, Patch patch, CancellationToken cancellation, string? subresource = null)
        where T : Resource
    {
        ArgumentNullException.ThrowIfNull(patch);
        return OnAsync(
            type,
            v => new ApiRequest(HttpMethod.Patch, ApiPaths.Object(type, v, key, subresource) + ApiPaths.PatchQuery(patch)) { Body = patch.Body, MediaType = patch.MediaType },
            cancellation);
    }

    /// <summary>Deletes an object; null on success. Gone already is an error that <see cref="ApiError.IsNotFound"/> tells.</summary>
    public async Task<ApiError?> DeleteAsync(ResourceType type, ResourceKey key, CancellationToken cancellation, DeleteOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(type);
        ApiResult<string> version = await Discovery.VersionOfAsync(type, cancellation);
        if (!version.IsOk(out string? served, out ApiError? error))
        {
            return error;
        }

        ApiResult<ResponseBody> answer = await _transport.SendAsync(new ApiRequest(HttpMethod.Delete, ApiPaths.Object(type, served, key)) { Body = (options ?? new DeleteOptions()).ToJson() }, cancellation);
        answer.Value?.Dispose();
        return answer.Error;
    }

    /// <summary>Who wrote an object, or a subresource of it, as the server noted it; empty where it does not say. For messages: objects that are followed do not hold it.</summary>
    public async Task<IReadOnlyList<string>> ManagersAsync(ResourceType type, ResourceKey key, string subresource, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(type);
        ApiResult<string> version = await Discovery.VersionOfAsync(type, cancellation);
        if (!version.IsOk(out string? served, out _))
        {
            return [];
        }

        ApiResult<ResponseBody> answer = await _transport.SendAsync(new ApiRequest(HttpMethod.Get, ApiPaths.Object(type, served, key)), cancellation);
        if (!answer.IsOk(out ResponseBody? body, out _))
        {
            return [];
        }

        using (body)
        {
            return FieldManagers.Read(body.Bytes.ToArray(), subresource);
        }
    }

    /// <summary>Reads one object as the server wrote it: also one that cannot be read as its kind.</summary>
    public async Task<ApiResult<byte[]>> GetJsonAsync(ResourceType type, ResourceKey key, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(type);
        ApiResult<string> version = await Discovery.VersionOfAsync(type, cancellation);
        if (!version.IsOk(out string? served, out ApiError? error))
        {
            return new(error);
        }

        ApiResult<ResponseBody> answer = await _transport.SendAsync(new ApiRequest(HttpMethod.Get, ApiPaths.Object(type, served, key)), cancellation);
        if (!answer.IsOk(out ResponseBody? body, out error))
        {
            return new(error);
        }

        using (body)
        {
            return new(body.Bytes.ToArray());
        }
    }

    /// <summary>Reads one page of a list; pages of one list go together by <paramref name="continueAt"/>.</summary>
    public async Task<ApiResult<ListPage<T>>> ListAsync<T>(ResourceType<T> type, ResourceScope scope, CancellationToken cancellation, int limit = 500, string? continueAt = null)
        where T : Resource
    {
        ArgumentNullException.ThrowIfNull(type);
        ArgumentNullException.ThrowIfNull(scope);
        ApiResult<string> version = await Discovery.VersionOfAsync(type, cancellation);
        if (!version.IsOk(out string? served, out ApiError? error))
        {
            return new(error);
        }

        string path = ApiPaths.Collection(type, served, scope.Namespace) + ApiPaths.ListQuery(scope, limit, continueAt);
        ApiResult<ResponseBody> answer = await _transport.SendAsync(new ApiRequest(HttpMethod.Get, path), cancellation);
        if (!answer.IsOk(out ResponseBody? body, out error))
        {
            return new(error);
        }

        using (body)
        {
            return ListReader.Read(body.Bytes, type, out string? unreadable) is { } page ? new(page) : new(new ApiError(0, "Unreadable", $"list of {type}: {unreadable}"));
        }
    }

    /// <summary>The server's version; also the cheapest way to see whether it is there.</summary>
    public async Task<ApiResult<ServerVersion>> VersionAsync(CancellationToken cancellation) =>
        Read(await _transport.SendAsync(new ApiRequest(HttpMethod.Get, "/version"), cancellation), ResourceJson.TypeInfo<ServerVersion>());

    /// <inheritdoc/>
    public void Dispose() => _transport.Dispose();

    internal async Task<ApiResult<ApiResourceList>> ResourcesOfAsync(string group, string version, CancellationToken cancellation) =>
        Read(await _transport.SendAsync(new ApiRequest(HttpMethod.Get, ApiPaths.Group(group, version)), cancellation), ResourceJson.TypeInfo<ApiResourceList>());

    internal Task<ApiResult<WatchStream>> OpenWatchAsync(ResourceType type, string version, ResourceScope scope, string resourceVersion, TimeSpan length, CancellationToken cancellation) =>
        _transport.OpenAsync(new ApiRequest(HttpMethod.Get, ApiPaths.Collection(type, version, scope.Namespace) + ApiPaths.WatchQuery(scope, resourceVersion, length)), cancellation);

    private static ApiResult<T> Read<T>(ApiResult<ResponseBody> answer, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> json)
        where T : class
    {
        if (!answer.IsOk(out ResponseBody? body, out ApiError? error))
        {
            return new(error);
        }

        using (body)
        {
            try
            {
                return JsonSerializer.Deserialize(body.Bytes, json) is { } value ? new(value) : new(new ApiError(0, "Unreadable", "the answer is null"));
            }
            catch (JsonException broken)
            {
                return new(new ApiError(0, "Unreadable", ReadProblem.Of(broken).ToString()));
            }
            catch (InvalidOperationException broken)
            {
                return new(new ApiError(0, "Unreadable", broken.Message));
            }
        }
    }

    private async Task<ApiResult<T>> OnAsync<T>(ResourceType<T> type, Func<string, ApiRequest> make, CancellationToken cancellation)
        where T : Resource
    {
        ApiResult<string> version = await Discovery.VersionOfAsync(type, cancellation);
        if (!version.IsOk(out string? served, out ApiError? error))
        {
            return new(error);
        }

        ApiResult<ResponseBody> answer = await _transport.SendAsync(make(served), cancellation);
        if (!answer.IsOk(out ResponseBody? body, out error))
        {
            return new(error);
        }

        using (body)
        {
            return type.TryRead(body.Bytes, out T? resource, out ReadProblem? problem) ? new(resource) : new(new ApiError(0, "Unreadable", $"{type.Kind}: {problem}"));
        }
    }
}

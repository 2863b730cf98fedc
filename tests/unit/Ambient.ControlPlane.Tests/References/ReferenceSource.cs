using System.Collections.Concurrent;
using System.Text;
using Ambient.Kubernetes.Api;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Watching;

namespace Ambient.ControlPlane.Tests.References;

/// <summary>An API of Secrets that each are answered when a test says so. Thread-safe.</summary>
internal sealed class ReferenceSource : IResourceSource
{
    private readonly ConcurrentDictionary<string, TaskCompletionSource<Func<ResourceKey, Resource?>>> _answers = new(StringComparer.Ordinal);

    private readonly ConcurrentDictionary<string, TaskCompletionSource> _cuts = new(StringComparer.Ordinal);

    /// <summary>How many are followed, now and ever.</summary>
    public int Now => _now;

    private int _now;

    /// <summary>What is asked for, by name.</summary>
    public ConcurrentQueue<string> Asked { get; } = [];

    /// <summary>Secrets of this name are told; null: there is none.</summary>
    public void Answer(string name, string? value) =>
        Of(name).TrySetResult(key => value is null ? null : Read(key, value));

    /// <summary>Nobody may read them, the first time.</summary>
    public void Deny(string name) => Of(name).TrySetException(new UnauthorizedAccessException());

    /// <summary>Following them fails.</summary>
    public void Break(string name) => Of(name).TrySetException(new InvalidOperationException("a defect"));

    /// <summary>Following them fails after they were told; the next who follows them waits for another answer.</summary>
    public void Cut(string name)
    {
        _answers.TryRemove(name, out _);
        CutOf(name).TrySetException(new InvalidOperationException("a defect"));
    }

    public async Task RunAsync<T>(ResourceType<T> type, ResourceScope scope, Func<ResourceEvent<T>, ValueTask> tell, CancellationToken cancellation)
        where T : Resource
    {
        string name = scope.Fields!.Split('=')[1];
        Asked.Enqueue(name);
        Interlocked.Increment(ref _now);
        try
        {
            Func<ResourceKey, Resource?> answer;
            try
            {
                answer = await Of(name).Task.WaitAsync(cancellation);
            }
            catch (UnauthorizedAccessException)
            {
                // The next answer is another one; who hears of this may give it at once.
                _answers.TryRemove(name, out _);
                await tell(ResourceEvent<T>.Denied("403 Forbidden"));
                answer = await Of(name).Task.WaitAsync(cancellation);
            }

            await tell(ResourceEvent<T>.ListBegins());
            if (answer(new ResourceKey(scope.Namespace!, name)) is { } found)
            {
                await tell(ResourceEvent<T>.Changed((T)found));
            }

            await tell(ResourceEvent<T>.ListEnds());
            await CutOf(name).Task.WaitAsync(cancellation);
        }
        finally
        {
            _cuts.TryRemove(name, out _);
            Interlocked.Decrement(ref _now);
        }
    }

    private TaskCompletionSource<Func<ResourceKey, Resource?>> Of(string name) => _answers.GetOrAdd(name, static _ => new(TaskCreationOptions.RunContinuationsAsynchronously));

    private TaskCompletionSource CutOf(string name) => _cuts.GetOrAdd(name, static _ => new(TaskCreationOptions.RunContinuationsAsynchronously));

    private static Resource Read(ResourceKey key, string value)
    {
        string data = Convert.ToBase64String(Encoding.UTF8.GetBytes(value));
        string json = $$$"""{"metadata":{"name":"{{{key.Name}}}","namespace":"{{{key.Namespace}}}","resourceVersion":"1"},"data":{"ca.crt":"{{{data}}}"}}""";
        Assert.True(KnownResources.Secrets.TryReadAny(Encoding.UTF8.GetBytes(json), out Resource? read, out ReadProblem? problem), problem?.ToString());
        return read;
    }
}

using System.Collections.Concurrent;
using Ambient.Kubernetes.Api;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Watching;
using Ambient.Testing.Waiting;

namespace Ambient.Kubernetes.Tests.Servers;

/// <summary>Runs a source and keeps, as text, what it tells.</summary>
public sealed class Heard<T> : IAsyncDisposable
    where T : Resource
{
    private readonly CancellationTokenSource _ending = new();
    private readonly Task _running;

    public Heard(IResourceSource source, ResourceType<T> type, ResourceScope? scope = null, Func<ResourceEvent<T>, ValueTask>? also = null) =>
        _running = source.RunAsync(type, scope ?? ResourceScope.All, async e =>
        {
            Events.Enqueue(Text(e));
            if (also is not null)
            {
                await also(e);
            }
        }, _ending.Token);

    public ConcurrentQueue<string> Events { get; } = new();

    /// <summary>Waits until the end of what was told is this.</summary>
    public Task EndsWithAsync(params string[] expected) => Eventually.PassesAsync(() =>
    {
        Assert.False(_running.IsFaulted, _running.Exception?.ToString());
        Assert.Equal(expected, Events.TakeLast(expected.Length));
        return Task.CompletedTask;
    });

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _running);
        _ending.Dispose();
    }

    private static string Text(ResourceEvent<T> e) => e.Kind switch
    {
        ResourceEventKind.ListBegins => "[",
        ResourceEventKind.ListEnds => e.IsAbsent ? "absent]" : "]",
        ResourceEventKind.Changed => $"+{e.Key.Name}@{e.Resource!.Metadata.ResourceVersion}",
        ResourceEventKind.Deleted => "-" + e.Key.Name,
        ResourceEventKind.Denied => "denied " + e.Denial,
        _ => $"!{e.Key.Name} {e.Problem}",
    };
}

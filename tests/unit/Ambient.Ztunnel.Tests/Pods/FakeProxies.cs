using Ambient.Ztunnel.Pods;

namespace Ambient.Ztunnel.Tests.Pods;

/// <summary>Proxies that only remember what was asked of them.</summary>
internal sealed class FakeProxies : IPodProxyFactory
{
    private readonly Lock _lock = new();

    public List<string> Log { get; } = [];

    /// <summary>Uids whose start fails, with the text.</summary>
    public Dictionary<string, string> Obstacles { get; } = [];

    public List<FakeProxy> Started { get; } = [];

    public IPodProxy Start(PodSpec pod)
    {
        lock (_lock)
        {
            if (Obstacles.TryGetValue(pod.Uid, out string? obstacle))
            {
                Log.Add("failed " + pod.Uid);
                throw new InvalidOperationException(obstacle);
            }

            Log.Add("start " + pod.Uid);
            var proxy = new FakeProxy(pod, text => Log.Add(text));
            Started.Add(proxy);
            return proxy;
        }
    }

    internal sealed class FakeProxy(PodSpec pod, Action<string> log) : IPodProxy
    {
        private readonly TaskCompletionSource _completion = new();

        public PodSpec Pod => pod;

        public Task Completion => _completion.Task;

        public int ConnectionCount => 0;

        public int ElderCount => 0;

        public void BeginSuccession() => log("succession " + pod.Uid);

        public void StopNow()
        {
            log("stop " + pod.Uid);
            _completion.TrySetResult();
        }

        public void Drain() => log("drain " + pod.Uid);

        public void EndDrain() => StopNow();
    }
}

using Ambient.Protocol.Envoy.Discovery;

namespace Ambient.Xds.Client;

/// <summary>Hears whether the control plane sends only what is needed. Applied by one thread at a time; read by any.</summary>
internal sealed class NeedsSink(string typeUrl) : IResourceSink
{
    private volatile bool _isLimited;

    public string TypeUrl => typeUrl;

    internal bool IsLimited => _isLimited;

    public void Apply(IReadOnlyList<Resource> resources, IReadOnlyList<string> removed, Action<Resource, string> refuse) =>
        _isLimited = resources.Count > 0 || (_isLimited && removed.Count == 0);
}

using Ambient.Protocol.Envoy.Discovery;

namespace Ambient.Xds.Client;

/// <summary>Addresses that are subscribed to by name beside what comes unasked, and what of that the control plane has not been told on this stream. Thread-safe.</summary>
internal sealed class AskedNames
{
    private readonly Lock _gate = new();
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);
    private readonly HashSet<string> _told = new(StringComparer.Ordinal);
    private readonly HashSet<string> _untold = new(StringComparer.Ordinal);

    /// <summary>Subscribes; false when it is subscribed to already.</summary>
    internal bool Add(string name)
    {
        lock (_gate)
        {
            if (!_names.Add(name))
            {
                return false;
            }

            Differs(name, !_told.Contains(name));
            return true;
        }
    }

    /// <summary>Unsubscribes; false when it was not subscribed to.</summary>
    internal bool Remove(string name)
    {
        lock (_gate)
        {
            if (!_names.Remove(name))
            {
                return false;
            }

            Differs(name, _told.Contains(name));
            return true;
        }
    }

    /// <summary>All names, for the first request of a stream: with it everything is told.</summary>
    internal IReadOnlyList<string> TakeAll()
    {
        lock (_gate)
        {
            _untold.Clear();
            _told.Clear();
            _told.UnionWith(_names);
            return [.. _names];
        }
    }

    /// <summary>What has not been told; null when there is nothing.</summary>
    internal DeltaDiscoveryRequest? TakeChange()
    {
        lock (_gate)
        {
            if (_untold.Count == 0)
            {
                return null;
            }

            var request = new DeltaDiscoveryRequest { TypeUrl = TypeUrls.Address };
            foreach (string name in _untold)
            {
                bool isAsked = _names.Contains(name);
                (isAsked ? request.ResourceNamesSubscribe : request.ResourceNamesUnsubscribe).Add(name);
                _ = isAsked ? _told.Add(name) : _told.Remove(name);
            }

            _untold.Clear();
            return request;
        }
    }

    // A name that came and went between two requests, or while there is no stream, is nothing to tell.
    private void Differs(string name, bool isToTell)
    {
        if (isToTell)
        {
            _untold.Add(name);
        }
        else
        {
            _untold.Remove(name);
        }
    }
}

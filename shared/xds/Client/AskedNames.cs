using Ambient.Protocol.Envoy.Discovery;

namespace Ambient.Xds.Client;

/// <summary>Addresses that are subscribed to by name beside what comes unasked, and what of that the control plane has not been told on this stream. Thread-safe.</summary>
internal sealed class AskedNames
{
    private readonly Lock _gate = new();
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);
    private readonly HashSet<string> _untold = new(StringComparer.Ordinal);

    /// <summary>Subscribes; false when it is subscribed to already.</summary>
    internal bool Add(string name)
    {
        lock (_gate)
        {
            bool isNew = _names.Add(name);
            _ = isNew && _untold.Add(name);
            return isNew;
        }
    }

    /// <summary>Unsubscribes; false when it was not subscribed to.</summary>
    internal bool Remove(string name)
    {
        lock (_gate)
        {
            bool wasThere = _names.Remove(name);
            _ = wasThere && _untold.Add(name);
            return wasThere;
        }
    }

    /// <summary>All names, for the first request of a stream: with it everything is told.</summary>
    internal IReadOnlyList<string> TakeAll()
    {
        lock (_gate)
        {
            _untold.Clear();
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
                (_names.Contains(name) ? request.ResourceNamesSubscribe : request.ResourceNamesUnsubscribe).Add(name);
            }

            _untold.Clear();
            return request;
        }
    }
}

using Ambient.Mesh.Addresses;
using Ambient.Mesh.Services;
using Ambient.Xds.Client;

namespace Ambient.Waypoint.Discovery;

/// <summary>
/// What this waypoint asks the control plane for beside what it needs: who calls, and services that it has used, whose connections may go on when no route names them any more. Thread-safe.
/// </summary>
internal sealed class AddressBook(AdsClient client, string network, CancellationToken stop)
{
    /// <summary>Callers that are asked for at a time; others are unknown.</summary>
    public const int MaxCallers = 20_000;

    private readonly Lock _gate = new();
    private readonly Dictionary<IpAddress, int> _callers = [];

    /// <summary>Whether it is told what it needs, and not everything.</summary>
    public bool IsLimited => client.IsLimited;

    /// <summary>A loop has a caller that it did not know; false when there are too many.</summary>
    public bool TryAdd(IpAddress caller)
    {
        lock (_gate)
        {
            bool isKnown = _callers.TryGetValue(caller, out int loops);
            if (!isKnown && _callers.Count >= MaxCallers)
            {
                return false;
            }

            _callers[caller] = loops + 1;
            return true;
        }
    }

    /// <summary>That loop has it no more.</summary>
    public void Remove(IpAddress caller)
    {
        lock (_gate)
        {
            int loops = _callers[caller] - 1;
            if (loops > 0)
            {
                _callers[caller] = loops;
                return;
            }

            _callers.Remove(caller);

            // Under the lock: another loop may ask for it in this moment.
            client.GiveUp(NameOf(caller));
        }
    }

    /// <summary>Asks who a caller is. Completes when that is known, or is not to be expected any more; at once while the control plane is away.</summary>
    public Task<bool> AskAsync(IpAddress caller) => client.AskAsync(NameOf(caller), stop);

    /// <summary>A service is used.</summary>
    public void Keep(NamespacedHostname service) => client.Ask(service.ToString());

    private string NameOf(IpAddress caller) => new NetworkAddress(network, caller).ToString();
}

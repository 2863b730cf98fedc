using System.Net;

namespace Ambient.Cni.Agent.Pods;

/// <summary>To which addresses of one pod the node's probes are let in. Used by the book only.</summary>
internal sealed class PodAdmission
{
    private IReadOnlyList<IPAddress> _addresses = [];
    private IReadOnlyList<IPAddress> _asked = [];

    /// <summary>Whether any are, or may be.</summary>
    public bool IsOpen { get; private set; }

    /// <summary>An agent before us may have let them in; at the end they are shut out.</summary>
    public void Recall() => IsOpen = true;

    /// <summary>They are being let in.</summary>
    public void Begin(IReadOnlyList<IPAddress> addresses) => _asked = addresses;

    /// <summary>What was begun is done.</summary>
    public void End() => (IsOpen, _addresses) = (true, _asked);

    /// <summary>They are shut out.</summary>
    public void Close() => (IsOpen, _addresses) = (false, []);

    /// <summary>Whether they are let in to exactly these.</summary>
    public bool IsOpenTo(IReadOnlyList<IPAddress> addresses) => IsOpen && _addresses.SequenceEqual(addresses);
}

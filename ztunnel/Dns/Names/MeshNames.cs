using Ambient.Linux.Sockets;
using Ambient.Mesh.Addresses;
using Ambient.Mesh.Names;
using Ambient.Mesh.Views;
using Ambient.Mesh.Workloads;

namespace Ambient.Ztunnel.Dns.Names;

/// <summary>The names of the mesh as one pod sees them, looked up in the model as it is at each query. Thread-safe.</summary>
public sealed class MeshNames : IDnsNames
{
    private readonly MeshState _mesh;
    private readonly LocalWorkload _pod;
    private readonly NameSettings _settings;
    private readonly IReadOnlyList<string> _searchDomains;
    private MeshClient? _client;

    /// <summary>Names for this pod.</summary>
    public MeshNames(MeshState mesh, LocalWorkload pod, NameSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        (_mesh, _pod, _settings) = (mesh, pod, settings);
        _searchDomains = settings.SearchDomains ?? ServiceNames.SearchDomains(pod.Namespace, settings.ClusterDomain);
    }

    /// <inheritdoc/>
    public DnsClient? FindClient()
    {
        Workload? workload = _mesh.Current.FindLocalWorkload(_pod);
        if (workload is null)
        {
            return null;
        }

        // One object per workload and not per query; a race makes one too many.
        MeshClient? client = _client;
        return client?.Model == workload ? client : _client = new MeshClient(workload);
    }

    /// <inheritdoc/>
    public DnsDecision Decide(DnsClient client, string name, bool ipv6)
    {
        var query = new NameQuery
        {
            Client = ((MeshClient)client).Model,
            Name = name,
            IsIPv6 = ipv6,
            SearchDomains = _searchDomains,
            ClusterDomain = _settings.ClusterDomain,
            PreferredNamespace = _settings.PreferredNamespace,
            IsIPv6Enabled = _settings.IPv6Enabled,
        };
        if (ServiceNames.Resolve(_mesh.Current, query) is not { } answer)
        {
            return DnsDecision.Forward;
        }

        if (answer.Addresses.Count == 0)
        {
            return DnsDecision.NoRecords;
        }

        var addresses = new SocketAddress[answer.Addresses.Count];
        Span<byte> bytes = stackalloc byte[16];
        for (int i = 0; i < addresses.Length; i++)
        {
            IpAddress address = answer.Addresses[i];
            address.WriteBytes(bytes);
            addresses[i] = SocketAddress.From(bytes[..address.ByteCount], 0);
        }

        return DnsDecision.Answer(answer.Canonical, addresses);
    }

    private sealed record MeshClient : DnsClient
    {
        public MeshClient(Workload workload)
            : base(workload.Name, workload.Namespace, workload.CanonicalName, workload.CanonicalRevision) => Model = workload;

        /// <summary>The workload itself.</summary>
        public Workload Model { get; }
    }
}

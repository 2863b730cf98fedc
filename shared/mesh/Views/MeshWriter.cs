using System.Diagnostics.CodeAnalysis;
using Ambient.Mesh.Addresses;
using Ambient.Mesh.Identities;
using Ambient.Mesh.Indexes;
using Ambient.Mesh.Policies;
using Ambient.Mesh.Services;
using Ambient.Mesh.Workloads;

namespace Ambient.Mesh.Views;

/// <summary>The editable indexes behind <see cref="MeshState"/>. For one writer; <see cref="Build"/> freezes them into a view.</summary>
internal sealed class MeshWriter(string? localNode)
{
    private readonly ModelPool _pool = new();
    private readonly LocalIdentities _identities = new();
    private readonly TrieEdit<string, Workload, WorkloadByUid> _uids = default(PersistentTrie<string, Workload, WorkloadByUid>).Edit();
    private readonly TrieEdit<NamespacedHostname, ServiceSlot, ServiceByKey> _slots = default(PersistentTrie<NamespacedHostname, ServiceSlot, ServiceByKey>).Edit();
    private readonly TrieEdit<string, NamedSlot<Service>, ByName<Service>> _hosts = default(PersistentTrie<string, NamedSlot<Service>, ByName<Service>>).Edit();
    private readonly TrieEdit<string, NamedSlot<Workload>, ByName<Workload>> _workloadHosts = default(PersistentTrie<string, NamedSlot<Workload>, ByName<Workload>>).Edit();
    private readonly TrieEdit<LocalWorkload, LocalSlot, ByLocalWorkload> _locals = default(PersistentTrie<LocalWorkload, LocalSlot, ByLocalWorkload>).Edit();
    private readonly Dictionary<string, NetworkEdit> _edits = new(StringComparer.Ordinal);
    private readonly List<string> _touchedNetworks = [];
    private readonly Dictionary<NamespacedHostname, MemberChanges> _changes = [];
    private readonly HashSet<Workload> _removed = [];
    private readonly List<string> _unknown = [];
    private NetworkTables _networks = NetworkTables.Empty;
    private PolicySet _policies = PolicySet.Empty;
    private int _services;
    private bool _policiesChanged;
    private bool _workloadsChanged;
    private bool _localsChanged;

    internal void Put(Workload workload)
    {
        string uid = workload.Uid;
        if (_uids.TryFind(uid, out Workload? old))
        {
            if (ReferenceEquals(old, workload))
            {
                return;
            }

            Remove(old, uid);
        }

        if (_removed.Contains(workload))
        {
            // The same object again, after another in its place: members are told apart by reference.
            workload = workload.Copy();
        }

        _workloadsChanged = true;
        _pool.Share(workload);
        _uids.Set(uid, workload);
        if (workload.NetworkMode == NetworkMode.Standard && workload.AddressCount > 0)
        {
            NetworkEdit edit = Network(workload.Network);
            for (int i = 0; i < workload.AddressCount; i++)
            {
                edit.Add(workload.AddressAt(i), workload);
            }
        }

        foreach (ServiceMembership membership in workload.Services)
        {
            Change(membership.Service).Add(workload);
        }

        AddNames(workload);
    }

    internal void Put(Service service)
    {
        _pool.Share(service.Definition);
        Change(service.Key).Define(service);
    }

    internal void RemoveAddress(string name)
    {
        if (_uids.TryFind(name, out Workload? workload))
        {
            Remove(workload, name);
        }
        else if (NamespacedHostname.TryParse(name, out NamespacedHostname? key) && FindService(key, out _))
        {
            Change(key).Define(null);
        }
        else
        {
            _unknown.Add(name);
        }
    }

    internal void Change(IReadOnlyList<(string Key, AuthorizationPolicy Policy)> changed, IReadOnlyList<string> removed)
    {
        if (changed.Count + removed.Count > 0)
        {
            _policies = _policies.With(changed, removed, _unknown);
            _policiesChanged = true;
        }
    }

    internal MeshView Build(long version, out ChangeSummary summary)
    {
        int reindexed = _changes.Count;
        foreach ((NamespacedHostname key, MemberChanges changes) in _changes)
        {
            Reindex(key, changes);
        }

        _changes.Clear();
        _removed.Clear();
        BuildNetworks();
        List<SpiffeId> added = [], gone = [];
        _identities.TakeChanges(added, gone);
        summary = new ChangeSummary
        {
            PoliciesChanged = _policiesChanged,
            WorkloadsChanged = _workloadsChanged,
            LocalWorkloadsChanged = _localsChanged,
            ServicesChanged = reindexed > 0,
            ServicesReindexed = reindexed,
            LocalIdentitiesAdded = added,
            LocalIdentitiesRemoved = gone,
            UnknownRemovals = [.. _unknown],
        };
        _policiesChanged = _workloadsChanged = _localsChanged = false;
        _unknown.Clear();
        MeshView view = new()
        {
            Version = version,
            ServiceCount = _services,
            Policies = _policies,
            Uids = _uids.Build(),
            Networks = _networks,
            Slots = _slots.Build(),
            Hosts = _hosts.Build(),
            WorkloadHosts = _workloadHosts.Build(),
            Locals = _locals.Build(),
        };
        if (_pool.NeedsSweep)
        {
            _pool.Rebuild(view.Workloads, view.Slots.All().Where(slot => slot.Service is not null).Select(slot => slot.Service!));
        }

        return view;
    }

    private void Remove(Workload workload, string uid)
    {
        _workloadsChanged = true;
        _ = _removed.Add(workload);
        _ = _uids.Remove(uid);
        if (workload.NetworkMode == NetworkMode.Standard && workload.AddressCount > 0)
        {
            NetworkEdit edit = Network(workload.Network);
            for (int i = 0; i < workload.AddressCount; i++)
            {
                edit.Remove(workload.AddressAt(i), workload);
            }
        }

        foreach (ServiceMembership membership in workload.Services)
        {
            Change(membership.Service).Remove(workload);
        }

        RemoveNames(workload);
    }

    private void AddNames(Workload workload)
    {
        if (workload.Hostname.Length > 0)
        {
            OneOrMany<Workload> items = _workloadHosts.TryFind(workload.Hostname, out NamedSlot<Workload> slot) ? slot.Items : default;
            _workloadHosts.Set(workload.Hostname, new NamedSlot<Workload>(workload.Hostname, items.Appended(workload)));
        }

        if (!IsLocal(workload))
        {
            return;
        }

        _localsChanged = true;
        LocalWorkload key = new(workload.Name, workload.Namespace, workload.ServiceAccount);
        OneOrMany<Workload> same = _locals.TryFind(key, out LocalSlot local) ? local.Workloads : default;
        _locals.Set(key, new LocalSlot(key, same.Appended(workload)));
        if (localNode is not null)
        {
            _identities.Add(workload);
        }
    }

    private void RemoveNames(Workload workload)
    {
        if (workload.Hostname.Length > 0 && _workloadHosts.TryFind(workload.Hostname, out NamedSlot<Workload> slot))
        {
            OneOrMany<Workload> items = slot.Items.Without(workload);
            if (items.IsEmpty)
            {
                _ = _workloadHosts.Remove(workload.Hostname);
            }
            else
            {
                _workloadHosts.Set(workload.Hostname, new NamedSlot<Workload>(workload.Hostname, items));
            }
        }

        if (!IsLocal(workload))
        {
            return;
        }

        _localsChanged = true;
        LocalWorkload key = new(workload.Name, workload.Namespace, workload.ServiceAccount);
        if (_locals.TryFind(key, out LocalSlot local))
        {
            OneOrMany<Workload> rest = local.Workloads.Without(workload);
            if (rest.IsEmpty)
            {
                _ = _locals.Remove(key);
            }
            else
            {
                _locals.Set(key, new LocalSlot(key, rest));
            }
        }

        if (localNode is not null)
        {
            _identities.Remove(workload);
        }
    }

    private bool IsLocal(Workload workload) => localNode is null || workload.Node == localNode;

    private bool FindService(NamespacedHostname key, [NotNullWhen(true)] out Service? service)
    {
        service = _changes.TryGetValue(key, out MemberChanges? changes) && changes.HasDefinition ? changes.Definition
            : _slots.TryFind(key, out ServiceSlot? slot) ? slot.Service : null;
        return service is not null;
    }

    private MemberChanges Change(NamespacedHostname key)
    {
        if (!_changes.TryGetValue(key, out MemberChanges? changes))
        {
            changes = new MemberChanges();
            _changes.Add(key, changes);
        }

        return changes;
    }

    private NetworkEdit Network(string name)
    {
        if (!_edits.TryGetValue(name, out NetworkEdit? edit))
        {
            edit = new NetworkEdit(name);
            _edits.Add(name, edit);
        }

        if (!edit.IsTouched)
        {
            edit.IsTouched = true;
            _touchedNetworks.Add(name);
        }

        return edit;
    }

    private void BuildNetworks()
    {
        foreach (string name in _touchedNetworks)
        {
            NetworkTable table = _edits[name].Build();
            _networks = _networks.With(table);
            if (table.IsEmpty)
            {
                _ = _edits.Remove(name);
            }
        }

        _touchedNetworks.Clear();
    }

    /// <summary>Brings one Service and all places that lead to it up to date, once per batch.</summary>
    private void Reindex(NamespacedHostname key, MemberChanges changes)
    {
        _ = _slots.TryFind(key, out ServiceSlot? slot);
        Service? before = slot?.Service;
        Workload[] naming = changes.ApplyTo(slot?.Naming ?? []);
        Service? now = (changes.HasDefinition ? changes.Definition : before)?.WithMembers(naming);
        if (now is null && naming.Length == 0)
        {
            _ = _slots.Remove(key);
        }
        else
        {
            _slots.Set(key, new ServiceSlot(now?.Key ?? key, now, naming));
        }

        _services += (now is null ? 0 : 1) - (before is null ? 0 : 1);
        if (before is null && now is null)
        {
            return;
        }

        ReplaceHost(key.Hostname, before, now);
        foreach (NetworkAddress vip in before?.Vips ?? [])
        {
            if (now is null || !now.Vips.Contains(vip))
            {
                Network(vip.Network).Replace(vip.Address, before, null);
            }
        }

        foreach (NetworkPrefix range in before?.CidrVips ?? [])
        {
            if (now is null || !now.CidrVips.Contains(range))
            {
                Network(range.Network).Replace(range.Prefix, before, null);
            }
        }

        if (now is not null)
        {
            PutAddresses(before, now);
        }
    }

    private void PutAddresses(Service? before, Service now)
    {
        foreach (NetworkAddress vip in now.Vips)
        {
            Network(vip.Network).Replace(vip.Address, before?.Vips.Contains(vip) == true ? before : null, now);
        }

        foreach (NetworkPrefix range in now.CidrVips)
        {
            Network(range.Network).Replace(range.Prefix, before?.CidrVips.Contains(range) == true ? before : null, now);
        }
    }

    private void ReplaceHost(string hostname, Service? before, Service? now)
    {
        OneOrMany<Service> items = NetworkEdit.Replaced(_hosts.TryFind(hostname, out NamedSlot<Service> slot) ? slot.Items : default, before, now);
        if (items.IsEmpty)
        {
            _ = _hosts.Remove(hostname);
        }
        else
        {
            // The Service's own text, not the changed key's: one copy of each hostname stays alive.
            _hosts.Set(hostname, new NamedSlot<Service>(items.First.Hostname, items));
        }
    }
}

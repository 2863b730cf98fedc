using Ambient.Mesh.Views;
using Ambient.Protocol.L7;
using Ambient.Telemetry.Logging;
using Ambient.Xds.Mapping;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using LogField = Ambient.Telemetry.Logging.LogField;

namespace Ambient.Waypoint.Configuration;

/// <summary>
/// The configuration of a waypoint without a control plane: one file with a <see cref="WaypointBundle"/>, read again when it is replaced. A file that cannot be
/// used changes nothing. Thread-safe.
/// </summary>
internal sealed class BundleFile : IDisposable
{
    private readonly string _path;
    private readonly MeshState _mesh;
    private readonly ConfigurationStore _store;
    private readonly Logger _log;
    private readonly FileSystemWatcher _watcher;
    private readonly Lock _reading = new();
    private readonly Dictionary<string, string[]> _names = [];

    public BundleFile(string path, MeshState mesh, ConfigurationStore store, Logger log)
    {
        _path = Path.GetFullPath(path);
        _mesh = mesh;
        _store = store;
        _log = log;
        _watcher = new FileSystemWatcher(Path.GetDirectoryName(_path)!, Path.GetFileName(_path));
        _watcher.Changed += (_, _) => Read();
        _watcher.Created += (_, _) => Read();
        _watcher.Renamed += (_, _) => Read();
    }

    /// <summary>Reads the file and watches it; false when there is nothing to begin with.</summary>
    public bool Start()
    {
        bool isGood = Read();
        _watcher.EnableRaisingEvents = true;
        return isGood;
    }

    /// <inheritdoc/>
    public void Dispose() => _watcher.Dispose();

    private bool Read()
    {
        lock (_reading)
        {
            try
            {
                return Apply(WaypointBundle.Parser.ParseFrom(File.ReadAllBytes(_path)));
            }
            catch (Exception unusable) when (unusable is IOException or UnauthorizedAccessException or InvalidProtocolBufferException or InvalidOperationException)
            {
                _log.Error("the configuration cannot be read; the last one stays in force", LogField.Of("path", _path), LogField.Of("error", unusable.Message));
                return false;
            }
        }
    }

    private bool Apply(WaypointBundle bundle)
    {
        MeshBatch batch = new();
        foreach (Ambient.Protocol.Istio.Workload.Address address in bundle.Addresses)
        {
            if (!ResourceMapping.TryAddAddress(batch, new Any { Value = address.ToByteString() }, out string? error))
            {
                _log.Error("an address cannot be used", LogField.Of("error", error));
            }
        }

        RemoveOld(batch);
        _mesh.Apply(batch);
        bool isWhole = true;
        _store.Apply(new ConfigurationChange
        {
            Settings = bundle.Settings ?? new WaypointSettings(),
            Access = Part("access", bundle.Policies, static policy => $"{policy.Namespace}/{policy.Name}"),
            Tokens = Part("tokens", bundle.Tokens, static policy => $"{policy.Namespace}/{policy.Name}"),
            Limits = Part("limits", bundle.Limits, static policy => $"{policy.Namespace}/{policy.Name}"),
            Destinations = Part("destinations", bundle.Destinations, static settings => $"{settings.Namespace}/{settings.Hostname}"),
            Routes = Part("routes", bundle.Routes, static routes => $"{routes.Namespace}/{routes.Hostname}"),
            Credentials = Part("credentials", bundle.Credentials, static credential => credential.Name),
            Edges = Part("edges", bundle.Edges, static edge => $"port/{edge.Port}"),
            Refuse = (name, reason) =>
            {
                isWhole = false;
                _log.Error("a part of the configuration cannot be used; what it said last stays in force", LogField.Of("path", _path), LogField.Of("name", name), LogField.Of("error", reason));
            },
        });
        _log.Info("configuration is in force", LogField.Of("services", bundle.Routes.Count), LogField.Of("workloads", batch.Workloads.Count));
        return isWhole;
    }

    private ConfigurationPart<T> Part<T>(string kind, IEnumerable<T> items, Func<T, string> name)
    {
        Dictionary<string, T> changed = items.DistinctBy(name).ToDictionary(name, StringComparer.Ordinal);
        string[] gone = [.. _names.GetValueOrDefault(kind, []).Where(old => !changed.ContainsKey(old))];
        _names[kind] = [.. changed.Keys];
        return new ConfigurationPart<T>(changed, gone);
    }

    private void RemoveOld(MeshBatch batch)
    {
        HashSet<string> kept = [.. batch.Workloads.Select(workload => workload.Uid), .. batch.Services.Select(service => service.Key.ToString())];
        MeshView view = _mesh.Current;
        batch.RemovedAddresses.AddRange(view.Workloads.Select(workload => workload.Uid).Concat(view.ServicesByHostname.Select(service => service.Key.ToString())).Where(name => !kept.Contains(name)));
    }
}

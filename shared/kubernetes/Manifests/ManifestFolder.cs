using System.Globalization;
using Ambient.Kubernetes.Resources;
using Ambient.Telemetry.Logging;

namespace Ambient.Kubernetes.Manifests;

/// <summary>
/// The state of a folder of manifests. A file is taken when it has stood still from one look to the next, so that none is read half written; one that
/// cannot be read keeps what it said last. For one caller at a time.
/// </summary>
internal sealed class ManifestFolder(string folder, ManifestReader reader, Logger log)
{
    private const int LongestFile = 16 * 1024 * 1024;
    private readonly Dictionary<string, ManifestFile> _files = new(StringComparer.Ordinal);
    private readonly Dictionary<(string, ResourceKey), (string Digest, Resource Resource)> _known = [];
    private readonly HashSet<string> _toldDoubles = new(StringComparer.Ordinal);
    private long _version;
    private bool _isFirstLook = true;
    private bool _isToldMissing;

    /// <summary>What there is; null until the folder was there once.</summary>
    public ManifestSnapshot? Snapshot { get; private set; }

    /// <summary>Files that are not as they should be.</summary>
    public IReadOnlyDictionary<string, YamlProblem> Problems { get; private set; } = new Dictionary<string, YamlProblem>(0);

    /// <summary>Looks at the folder; whether some file is still being written, so that one should look again soon.</summary>
    public bool Look()
    {
        if (!Directory.Exists(folder))
        {
            if (!_isToldMissing)
            {
                _isToldMissing = true;
                log.Warn("the folder of manifests is not there; what it said before stays", LogField.Of("folder", folder));
            }

            return false;
        }

        _isToldMissing = false;
        bool isChanged = Snapshot is null, isUnsettled = false;
        string[] found = [.. Directory.EnumerateFiles(folder).Where(IsManifest)];
        foreach (string gone in _files.Keys.Except(found, StringComparer.Ordinal).ToArray())
        {
            isChanged |= _files.Remove(gone);
        }

        foreach (string file in found)
        {
            (bool changed, bool unsettled) = LookAt(file);
            isChanged |= changed;
            isUnsettled |= unsettled;
        }

        _isFirstLook = false;
        if (isChanged)
        {
            Publish();
        }

        return isUnsettled;
    }

    private static bool IsManifest(string path) =>
        (path.EndsWith(".yaml", StringComparison.Ordinal) || path.EndsWith(".yml", StringComparison.Ordinal) || path.EndsWith(".json", StringComparison.Ordinal)) && Path.GetFileName(path)[0] != '.';

    private (bool IsChanged, bool IsUnsettled) LookAt(string path)
    {
        ManifestFile? before = _files.GetValueOrDefault(path);
        try
        {
            var info = new FileInfo(path);

            // Of a link (as ConfigMaps are mounted) the target's time counts.
            FileInfo target = info.LinkTarget is null ? info : (FileInfo)(info.ResolveLinkTarget(returnFinalTarget: true) ?? info);
            (DateTime, long) stamp = (target.LastWriteTimeUtc, target.Length);
            if (before is not null && before.ReadStamp == stamp)
            {
                return (false, false);
            }

            if (!_isFirstLook && before?.Stamp != stamp)
            {
                _files[path] = new ManifestFile(stamp, before?.ReadStamp ?? default, before?.Objects ?? [], before?.Guards ?? [], before?.Problem);
                return (false, true);
            }

            string text = target.Length > LongestFile ? "" : File.ReadAllText(path);
            IReadOnlyList<ManifestObject> objects = [];
            YamlProblem? problem = target.Length > LongestFile ? new YamlProblem(0, $"is longer than {LongestFile} bytes") : null;
            bool isRead = problem is null && reader.TryRead(text, out objects, out problem);
            IReadOnlyList<ManifestObject> good = isRead ? objects : before?.Objects ?? [];
            Accept(path, new ManifestFile(stamp, stamp, good, isRead ? [] : Missing(objects, good), problem), before);
            return (true, false);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            // Perhaps it was removed between two looks; if so, the next one sees that.
            var problem = new YamlProblem(0, unreadable.Message);
            Accept(path, new ManifestFile(default, default, before?.Objects ?? [], before?.Guards ?? [], problem), before);
            return (before?.Problem != problem, false);
        }
    }

    private static ManifestObject[] Missing(IReadOnlyList<ManifestObject> policies, IReadOnlyList<ManifestObject> good) =>
        [.. policies.Where(policy => !good.Any(known => known.Identity == policy.Identity))];

    private void Accept(string path, ManifestFile file, ManifestFile? before)
    {
        _files[path] = file;
        if (file.Problem is { } problem && problem != before?.Problem)
        {
            log.Error(
                "manifest cannot be read; what it said before stays; policies that it did not say before count, and deny what they may have denied where they cannot be read",
                LogField.Of("file", path),
                LogField.Of("line", problem.Line),
                LogField.Of("error", problem.Reason));
        }
        else if (file.Problem is null && before?.Problem is not null)
        {
            log.Info("manifest can be read again", LogField.Of("file", path));
        }
    }

    private void Publish()
    {
        var kinds = new Dictionary<string, IReadOnlyDictionary<ResourceKey, Resource>>(StringComparer.Ordinal);
        var origins = new Dictionary<(string, ResourceKey), string>();
        foreach ((string path, ManifestFile file) in _files.OrderBy(f => f.Key, StringComparer.Ordinal))
        {
            foreach (ManifestObject found in file.All)
            {
                if (!origins.TryAdd(found.Identity, path))
                {
                    TellDouble(found, origins[found.Identity], path);
                }

                if (!kinds.TryGetValue(found.Type.FullName, out IReadOnlyDictionary<ResourceKey, Resource>? objects))
                {
                    kinds[found.Type.FullName] = objects = new Dictionary<ResourceKey, Resource>();
                }

                ((Dictionary<ResourceKey, Resource>)objects)[found.Resource.Key] = Same(found);
            }
        }

        foreach ((string, ResourceKey) gone in _known.Keys.Where(k => !origins.ContainsKey(k)).ToArray())
        {
            _known.Remove(gone);
        }

        Problems = _files.Where(f => f.Value.Problem is not null).ToDictionary(f => f.Key, f => f.Value.Problem!, StringComparer.Ordinal);
        Snapshot = new ManifestSnapshot(kinds);
    }

    /// <summary>The object as it was told before when its text is the same, else with a version of its own.</summary>
    private Resource Same(ManifestObject found)
    {
        if (_known.TryGetValue(found.Identity, out (string Digest, Resource Resource) before) && before.Digest == found.Digest)
        {
            return before.Resource;
        }

        // Versions of manifests are ours: of two the greater is the newer.
        string version = (++_version).ToString(CultureInfo.InvariantCulture);
        Resource resource = found.Resource with { Metadata = found.Resource.Metadata with { ResourceVersion = version } };
        _known[found.Identity] = (found.Digest, resource);
        return resource;
    }

    private void TellDouble(ManifestObject found, string first, string second)
    {
        if (_toldDoubles.Count < 1000 && _toldDoubles.Add($"{found.Identity} {first} {second}"))
        {
            log.Warn("two manifests hold the same object; the later file counts", LogField.Of("kind", found.Type.Kind), LogField.Of("object", found.Resource.Key.ToString()), LogField.Of("file", second), LogField.Of("other", first));
        }
    }
}

using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Ambient.Protocol.Envoy.Discovery;
using Google.Protobuf;

namespace Ambient.Xds.Snapshots;

/// <summary>
/// What the control plane said last, on disk: a proxy that restarts while the control plane is away goes on by it. Not thread-safe; the
/// client that keeps it calls it from one thread at a time.
/// </summary>
/// <remarks>
/// Every response is appended; when half of the file is out of date, it is written anew beside the old one and takes its name. Nothing of
/// it stays in memory. Only a state that was complete once is restored: workloads without their policies would be open. A second process on the same path (a rolling update) takes the name over, and the first one stops keeping it. A
/// file that cannot be written is removed: an old state that looks like the last one would be worse than none.
/// </remarks>
public sealed class ResourceSnapshot : IDisposable
{
    private const string Complete = "complete";
    private const int MaxRecord = 1 << 20;
    private const long SlackBytes = 4 << 20;
    private readonly string _path;
    private readonly Action<string> _onWarning;
    private SnapshotFile? _file;
    private long _compactLength;
    private bool _isComplete;

    /// <summary>Names the file; nothing is opened yet. The path's directory is made when it is missing.</summary>
    /// <param name="path">The file.</param>
    /// <param name="onWarning">Told why there is no snapshot, or none any more.</param>
    public ResourceSnapshot(string path, Action<string> onWarning)
    {
        _path = path;
        _onWarning = onWarning;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _file?.Dispose();
        _file = null;
    }

    /// <summary>
    /// Hands over the changes that make up the last state, in order, and begins to keep new ones. False when there is no such state; never
    /// throws for what the file holds.
    /// </summary>
    internal bool TryRestore(Action<DeltaDiscoveryResponse> apply)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(_path))!);
            using SnapshotFile? last = OpenSound();
            Rewrite(last);
            foreach (DeltaDiscoveryResponse record in _file!.Records().Where(static record => record.TypeUrl != Complete))
            {
                apply(record);
            }

            return last is not null;
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            GiveUp(cause.Message);
            return false;
        }
    }

    /// <summary>Says that every type was delivered whole: from now on there is something to restore.</summary>
    internal void MarkComplete()
    {
        if (_file is null || _isComplete)
        {
            return;
        }

        try
        {
            _file.Append(new DeltaDiscoveryResponse { TypeUrl = Complete });
            _isComplete = true;
        }
        catch (IOException cause)
        {
            GiveUp(cause.Message);
        }
    }

    /// <summary>Keeps a change that is in force.</summary>
    internal void Append(string typeUrl, IReadOnlyList<Resource> resources, IReadOnlyList<string> removed)
    {
        if (_file is null || (resources.Count == 0 && removed.Count == 0))
        {
            return;
        }

        try
        {
            var record = new DeltaDiscoveryResponse { TypeUrl = typeUrl };
            record.RemovedResources.AddRange(removed);
            Append(_file, record, resources);
            if (_isComplete && _file.Length > (2 * _compactLength) + SlackBytes)
            {
                Compact();
            }
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            GiveUp(cause.Message);
        }
    }

    // In pieces, so that reading it back needs no buffer of a whole mesh.
    private static void Append(SnapshotFile file, DeltaDiscoveryResponse record, IEnumerable<Resource> resources)
    {
        int size = 0;
        foreach (Resource resource in resources)
        {
            size += resource.CalculateSize();
            record.Resources.Add(resource);
            if (size >= MaxRecord)
            {
                file.Append(record);
                record = new DeltaDiscoveryResponse { TypeUrl = record.TypeUrl };
                size = 0;
            }
        }

        if (record.Resources.Count + record.RemovedResources.Count > 0)
        {
            file.Append(record);
        }
    }

    // Names come from whoever may write to the API: two of them must not be made to share a key, or one would be forgotten.
    private static UInt128 KeyOf(string typeUrl, string name)
    {
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes($"{typeUrl}\n{name}"), digest);
        return BinaryPrimitives.ReadUInt128LittleEndian(digest);
    }

    // Where each resource was said last: its place in the order of all of them.
    private static Dictionary<UInt128, int> FindLast(SnapshotFile file)
    {
        var last = new Dictionary<UInt128, int>();
        int place = 0;
        foreach (DeltaDiscoveryResponse record in file.Records())
        {
            foreach (string name in record.RemovedResources)
            {
                last.Remove(KeyOf(record.TypeUrl, name));
            }

            foreach (Resource resource in record.Resources)
            {
                last[KeyOf(record.TypeUrl, resource.Name)] = place++;
            }
        }

        return last;
    }

    private SnapshotFile? OpenSound()
    {
        if (!File.Exists(_path))
        {
            return null;
        }

        SnapshotFile? file = SnapshotFile.TryOpen(_path);
        if (file is null || !IsUsable(file, out bool isComplete))
        {
            _onWarning($"the snapshot {_path} is damaged and is not used: the control plane has to be reached first");
        }
        else if (isComplete)
        {
            return file;
        }

        file?.Dispose();
        return null;
    }

    // A record that passes its checksum and is no message was written by something else.
    private static bool IsUsable(SnapshotFile file, out bool isComplete)
    {
        isComplete = false;
        try
        {
            if (!file.IsSound())
            {
                return false;
            }

            foreach (DeltaDiscoveryResponse record in file.Records())
            {
                isComplete |= record.TypeUrl == Complete;
            }

            return true;
        }
        catch (Exception malformed) when (malformed is InvalidProtocolBufferException or InvalidOperationException)
        {
            return false;
        }
    }

    private void Compact()
    {
        // Another process has taken the name over: it keeps the state now.
        using (SnapshotFile? named = SnapshotFile.TryOpen(_path))
        {
            if (named is null || !named.Mark.AsSpan().SequenceEqual(_file!.Mark))
            {
                Dispose();
                return;
            }
        }

        using SnapshotFile old = _file;
        Rewrite(old);
    }

    private void Rewrite(SnapshotFile? old)
    {
        string draft = $"{_path}.{Environment.ProcessId}";
        SnapshotFile file = SnapshotFile.Create(draft);
        try
        {
            if (old is not null)
            {
                CopyLast(old, file);
                file.Append(new DeltaDiscoveryResponse { TypeUrl = Complete });
            }

            file.Sync();
            File.Move(draft, _path, overwrite: true);
        }
        catch
        {
            file.Dispose();
            File.Delete(draft);
            throw;
        }

        _file = file;
        _compactLength = file.Length;
        _isComplete = old is not null;
    }

    private static void CopyLast(SnapshotFile old, SnapshotFile file)
    {
        Dictionary<UInt128, int> last = FindLast(old);
        int place = 0;
        foreach (DeltaDiscoveryResponse record in old.Records())
        {
            var current = new List<Resource>(record.Resources.Count);
            foreach (Resource resource in record.Resources)
            {
                if (last.TryGetValue(KeyOf(record.TypeUrl, resource.Name), out int at) && at == place)
                {
                    current.Add(resource);
                }

                place++;
            }

            Append(file, new DeltaDiscoveryResponse { TypeUrl = record.TypeUrl }, current);
        }
    }

    private void GiveUp(string reason)
    {
        Dispose();
        _onWarning($"the snapshot {_path} cannot be kept: {reason}; a restart will need the control plane");
        try
        {
            if (File.Exists(_path))
            {
                File.Delete(_path);
            }
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            _onWarning($"the snapshot {_path} is out of date and cannot be removed: {cause.Message}");
        }
    }
}

using System.Buffers;
using System.Net;
using System.Text.Json;
using Ambient.Cni.Agent.Pods;

namespace Ambient.Cni.Agent.Memory;

/// <summary>
/// What the agent wrote down, a small file per pod below the run directory: it survives the agent and not the node, exactly as what it speaks of.
/// Written by one at a time.
/// </summary>
public sealed class PodMemoryFolder
{
    private const int LongestFile = 64 * 1024;
    private readonly string _folder;

    /// <summary>Makes the folder when it is missing. Throws <see cref="IOException"/> and <see cref="UnauthorizedAccessException"/>.</summary>
    public PodMemoryFolder(string folder)
    {
        Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        _folder = folder;
    }

    /// <summary>Everything that can be read; <paramref name="unreadable"/> names the files that cannot.</summary>
    public IReadOnlyList<PodMemory> ReadAll(out IReadOnlyList<string> unreadable)
    {
        List<PodMemory> memories = [];
        List<string> wrong = [];
        foreach (string file in Directory.EnumerateFiles(_folder, "*.json"))
        {
            if (TryRead(file) is { } memory)
            {
                memories.Add(memory);
            }
            else
            {
                wrong.Add(file);
            }
        }

        unreadable = wrong;
        return memories;
    }

    /// <summary>
    /// Writes a pod down, whole or not at all. It survives this process whatever ends it; it is not forced to disk, because a machine that falls takes with it
    /// what the note speaks of. Throws <see cref="IOException"/>.
    /// </summary>
    public void Write(PodMemory memory)
    {
        ArgumentNullException.ThrowIfNull(memory);
        string path = PathOf(memory.Uid), draft = path + ".new";
        var text = new ArrayBufferWriter<byte>(512);
        using (var writer = new Utf8JsonWriter(text))
        {
            writer.WriteStartObject();
            writer.WriteString("uid", memory.Uid);
            writer.WriteString("name", memory.Name);
            writer.WriteString("namespace", memory.Namespace);
            writer.WriteString("serviceAccount", memory.ServiceAccount);
            writer.WriteStartArray("addresses");
            foreach (IPAddress address in memory.Addresses)
            {
                writer.WriteStringValue(address.ToString());
            }

            writer.WriteEndArray();
            writer.WriteStartObject("annotations");
            foreach ((string key, string value) in memory.Annotations)
            {
                writer.WriteString(key, value);
            }

            writer.WriteEndObject();
            writer.WriteNumber("device", memory.Network.Device);
            writer.WriteNumber("inode", memory.Network.Inode);
            writer.WriteNumber("mark", memory.Mark);
            writer.WriteEndObject();
        }

        File.WriteAllBytes(draft, text.WrittenSpan);
        File.Move(draft, path, overwrite: true);
    }

    /// <summary>Forgets a pod; one that is not known is forgotten already. Throws <see cref="IOException"/>.</summary>
    public void Delete(string uid) => File.Delete(PathOf(uid));

    /// <summary>
    /// Deletes what cannot be read, and drafts that were never finished: once all pods are known, nothing is lost with them. Returns what was deleted.
    /// Throws <see cref="IOException"/>.
    /// </summary>
    public IReadOnlyList<string> DropUnreadable()
    {
        _ = ReadAll(out IReadOnlyList<string> unreadable);
        string[] dropped = [.. unreadable, .. Directory.EnumerateFiles(_folder, "*.new")];
        foreach (string file in dropped)
        {
            File.Delete(file);
        }

        return dropped;
    }

    private static string Text(JsonElement element) => element.GetString() ?? throw new FormatException("null is no text");

    private static PodMemory? TryRead(string file)
    {
        try
        {
            if (new FileInfo(file).Length > LongestFile)
            {
                return null;
            }

            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(file));
            JsonElement root = document.RootElement;
            return new PodMemory(
                Text(root.GetProperty("uid")),
                Text(root.GetProperty("name")),
                Text(root.GetProperty("namespace")),
                Text(root.GetProperty("serviceAccount")),
                [.. root.GetProperty("addresses").EnumerateArray().Select(a => IPAddress.Parse(a.GetString()!))],
                root.GetProperty("annotations").EnumerateObject().ToDictionary(a => a.Name, a => Text(a.Value), StringComparer.Ordinal),
                new NetworkIdentity(root.GetProperty("device").GetUInt64(), root.GetProperty("inode").GetUInt64()))
            {
                // An older agent knew none.
                Mark = root.TryGetProperty("mark", out JsonElement mark) && mark.TryGetUInt32(out uint number) && (number == 0 || Redirection.Rules.SecretMarks.IsSecret(number)) ? number : 0,
            };
        }
        catch (Exception unreadable) when (unreadable is IOException or JsonException or KeyNotFoundException or InvalidOperationException or FormatException or ArgumentException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    // A UID comes from outside: what is no plain name becomes its digest, so that no path can be built of it.
    private string PathOf(string uid)
    {
        bool isPlain = uid.Length is > 0 and <= 128 && uid.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_');
        return Path.Combine(_folder, (isPlain ? uid : "x." + Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(uid)))) + ".json");
    }
}

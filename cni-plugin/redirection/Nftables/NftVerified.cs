using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Ambient.Cni.Redirection.Rules;

namespace Ambient.Cni.Redirection.Nftables;

/// <summary>
/// What kernels held, byte by byte, when they were read and found to be as a rule set wants it. Whoever holds the same bytes for the same rules is as it should
/// be: that needs no reading. Bounded. Thread-safe.
/// </summary>
/// <remarks>
/// Pods differ by their secret mark, which the rules only compare with. So it counts as "the pod's mark" on both sides, in the rules as text and in the bytes:
/// equal then means that each mark stands exactly where the other's does.
/// </remarks>
internal sealed class NftVerified
{
    private const int Limit = 512;

    /// <summary>Smaller numbers may stand in the bytes for something else; such a pod is read every time.</summary>
    private const uint LeastMark = 0x0100_0000;
    private readonly ConcurrentDictionary<string, IReadOnlyList<string>> _tables = new(StringComparer.Ordinal);

    /// <summary>How many are known.</summary>
    public int Count => _tables.Count;

    /// <summary>The key for what a kernel holds and what it should.</summary>
    public static string KeyOf(RuleSet set, byte[] snapshot)
    {
        ArgumentNullException.ThrowIfNull(set);
        ArgumentNullException.ThrowIfNull(snapshot);
        string rules = NftText.Render(set, [], rebuild: false);
        byte[] bytes = snapshot;
        MaskedMark mark = set.Options.ProxyMark;
        if (mark.Mask == SecretMarks.Mask && mark.Value >= LeastMark)
        {
            rules = rules.Replace("0x" + mark.Value.ToString("x", System.Globalization.CultureInfo.InvariantCulture), "the pod's mark", StringComparison.Ordinal);
            bytes = WithoutMark(snapshot, mark.Value);
        }

        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes(rules));
        hash.AppendData([0]);
        hash.AppendData(bytes);
        return Convert.ToHexString(hash.GetHashAndReset());
    }

    /// <summary>Names of the inet tables that were there; null when nobody has read such bytes.</summary>
    public IReadOnlyList<string>? Find(string key) => _tables.GetValueOrDefault(key);

    /// <summary>They were read, and are as they should be.</summary>
    public void Add(string key, IReadOnlyList<string> tables)
    {
        if (_tables.Count >= Limit)
        {
            _tables.Clear();
        }

        _tables[key] = tables;
    }

    private static byte[] WithoutMark(byte[] snapshot, uint mark)
    {
        byte[] bytes = (byte[])snapshot.Clone();
        Span<byte> sought = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(sought, mark);
        for (int at = bytes.AsSpan().IndexOf(sought), from = 0; at >= 0; at = bytes.AsSpan(from).IndexOf(sought))
        {
            bytes.AsSpan(from + at, sizeof(uint)).Fill(0xFF);
            from += at + sizeof(uint);
        }

        return bytes;
    }
}

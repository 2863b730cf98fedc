using Ambient.Tls.Origination;

namespace Ambient.Tls.Edges;

/// <summary>The parts of a PEM file that must have some. Pure.</summary>
public static class PemFile
{
    /// <summary>Parts with the wanted labels, DER, in order; false when there is none, or when the file is broken. Messages hold nothing of the file.</summary>
    public static bool TryRead(ReadOnlySpan<byte> pem, Func<string, bool> wanted, out IReadOnlyList<ReadOnlyMemory<byte>> parts, out string error)
    {
        ArgumentNullException.ThrowIfNull(wanted);
        bool isWhole = PemParts.TryRead(pem, wanted, out List<byte[]> blocks, out string? broken);
        parts = [.. blocks.Select(static block => new ReadOnlyMemory<byte>(block))];
        error = broken ?? (blocks.Count > 0 ? "" : pem.IsEmpty ? "is missing" : "is no PEM of the right kind");
        return isWhole && blocks.Count > 0;
    }
}

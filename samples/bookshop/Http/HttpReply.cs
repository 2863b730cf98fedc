namespace Ambient.Bookshop.Http;

/// <summary>What is answered. Immutable.</summary>
/// <param name="Status">The status.</param>
/// <param name="Body">JSON.</param>
internal sealed record HttpReply(int Status, ReadOnlyMemory<byte> Body);

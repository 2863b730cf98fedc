namespace Ambient.Hbone.Headers;

/// <summary>Receives the fields of a header block in their order.</summary>
public interface IHeaderSink
{
    /// <summary>One field; the spans are valid during the call only.</summary>
    void OnField(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value);
}

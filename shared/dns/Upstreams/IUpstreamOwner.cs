namespace Ambient.Dns.Upstreams;

/// <summary>Who forwarded a query and hears of its end exactly once. Loop-affine.</summary>
public interface IUpstreamOwner
{
    /// <summary>Whether an answer that was cut for UDP shall be fetched whole.</summary>
    bool WantsWholeAnswer(UpstreamQuery query);

    /// <summary>The answer, whatever its code; the bytes are valid during the call and may be changed.</summary>
    void OnUpstreamAnswer(UpstreamQuery query, Span<byte> response);

    /// <summary>There is none.</summary>
    void OnUpstreamFailure(UpstreamQuery query, string reason);
}

namespace Ambient.Kubernetes.Api;

/// <summary>A request before it is sent; may be sent several times. Immutable.</summary>
internal sealed record ApiRequest(HttpMethod Method, string Path)
{
    /// <summary>JSON; empty for none.</summary>
    public ReadOnlyMemory<byte> Body { get; init; }

    /// <summary>Type of the body.</summary>
    public string MediaType { get; init; } = "application/json";

    /// <summary>Whether a second time changes nothing more.</summary>
    public bool IsRead => Method == HttpMethod.Get;
}

namespace Ambient.Benchmarks.L7;

/// <summary>Where the HTTP subjects listen.</summary>
internal static class HttpPorts
{
    /// <summary>For HTTP/1.1.</summary>
    public const int Http1 = 25001;

    /// <summary>For HTTP/2 with prior knowledge.</summary>
    public const int Http2 = 25003;
}

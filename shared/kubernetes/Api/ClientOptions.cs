namespace Ambient.Kubernetes.Api;

/// <summary>Limits of a client. Immutable.</summary>
public sealed record ClientOptions
{
    /// <summary>How long a request may take that is no watch.</summary>
    public TimeSpan RequestPatience { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Tries of a request that may be repeated.</summary>
    public int Tries { get; init; } = 5;

    /// <summary>First delay between tries.</summary>
    public TimeSpan FirstDelay { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Longest delay between tries that we choose; the server may ask for more.</summary>
    public TimeSpan LongestDelay { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Requests at the same time, watches apart.</summary>
    public int Concurrency { get; init; } = 32;

    /// <summary>Longest answer to a request, in bytes; lists are asked for in smaller pages when one is longer.</summary>
    public int LongestBody { get; init; } = 64 * 1024 * 1024;

    /// <summary>How we call ourselves.</summary>
    public string UserAgent { get; init; } = "ambient/0.1";
}

namespace Ambient.Kubernetes.Watching;

/// <summary>Limits and times of watching. Immutable.</summary>
public sealed record WatchOptions
{
    /// <summary>Objects in a page of a list; fewer when they are large.</summary>
    public int PageSize { get; init; } = 500;

    /// <summary>Longest line of a watch, in bytes; an object is at most 1.5 MB in etcd.</summary>
    public int LongestLine { get; init; } = 16 * 1024 * 1024;

    /// <summary>How long a watch lasts before it is opened anew; up to twice that, by chance.</summary>
    public TimeSpan WatchLength { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>First delay after a failure.</summary>
    public TimeSpan FirstDelay { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Longest delay after a failure; the server may ask for more.</summary>
    public TimeSpan LongestDelay { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How often one looks whether a kind that the server does not have has come.</summary>
    public TimeSpan AbsentInterval { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How often one looks while it is not certain that a kind is absent.</summary>
    public TimeSpan DoubtInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How often a kind that was there must be found absent, one look after the other, before its objects count as gone.</summary>
    public int AbsentLooks { get; init; } = 3;

    /// <summary>A watch that lived so long or said anything was a good one: the delay begins anew.</summary>
    public TimeSpan GoodAfter { get; init; } = TimeSpan.FromSeconds(10);
}

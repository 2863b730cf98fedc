using Ambient.Kubernetes.Watching;

namespace Ambient.Kubernetes.Tests.Servers;

/// <summary>Times that a test has.</summary>
public static class QuickWatch
{
    public static WatchOptions Options { get; } = new() { FirstDelay = TimeSpan.FromMilliseconds(1), LongestDelay = TimeSpan.FromMilliseconds(5), AbsentInterval = TimeSpan.FromMilliseconds(5), DoubtInterval = TimeSpan.FromMilliseconds(5) };
}

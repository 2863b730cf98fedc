namespace Ambient.Kubernetes.Tests.Servers;

/// <summary>How a scripted watch ends.</summary>
public enum WatchFinish
{
    End,
    Cut,
    Open,
}

namespace Ambient.Waypoint.Tests.Forwarding;

/// <summary>What becomes of an attempt to connect.</summary>
internal enum Dialling
{
    OpensAtOnce,

    /// <summary>When the test says so.</summary>
    Waits,

    Fails,
}

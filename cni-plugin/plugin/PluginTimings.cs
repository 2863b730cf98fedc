namespace Ambient.Cni.Plugin;

/// <summary>How long the plugin waits. Immutable.</summary>
public sealed record PluginTimings
{
    /// <summary>For the agent's verdict on an ADD: more than the agent takes before it gives up by itself (4.5 s), so that its reason arrives.</summary>
    public TimeSpan Verdict { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>For an agent that is away at an ADD: one that restarts is back within it.</summary>
    public TimeSpan Absence { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>For everything that does not depend on the answer.</summary>
    public TimeSpan Courtesy { get; init; } = TimeSpan.FromSeconds(1);
}

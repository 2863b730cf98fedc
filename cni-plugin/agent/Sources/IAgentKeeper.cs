namespace Ambient.Cni.Agent.Sources;

/// <summary>Who starts the agent again when it ends. Thread-safe.</summary>
public interface IAgentKeeper
{
    /// <summary>Whether an agent that is told to end now goes for good. In doubt it does not: an agent that comes back finds everything as it left it.</summary>
    Task<bool> IsGoneAsync(CancellationToken cancellation);
}

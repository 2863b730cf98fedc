namespace Ambient.Ztunnel.Pods;

/// <summary>How a message was taken. Immutable.</summary>
/// <param name="Error">Text for the ack; null is success.</param>
/// <param name="IsProtocolViolation">The process must end: the agent expects it (ztunnel.md 8.3, quirk 9).</param>
public readonly record struct ZdsOutcome(string? Error, bool IsProtocolViolation)
{
    /// <summary>Taken.</summary>
    public static ZdsOutcome Success => default;

    /// <summary>Failed, and the conversation goes on.</summary>
    public static ZdsOutcome Failed(string error) => new(error, false);

    /// <summary>The agent broke the order of messages.</summary>
    public static ZdsOutcome Violation(string error) => new(error, true);
}

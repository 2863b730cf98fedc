namespace Ambient.Waypoint.Forwarding;

/// <summary>What is waited for.</summary>
internal enum ExchangeTimerKind
{
    /// <summary>All tries together.</summary>
    Total,

    /// <summary>The pause before a retry, or an injected delay.</summary>
    Pause,
}

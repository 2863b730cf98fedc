namespace Ambient.Cni.Redirection.Rules;

/// <summary>What happens to a packet that a rule matches.</summary>
public enum RuleActionKind
{
    /// <summary>Nothing known: only ever read from a kernel.</summary>
    Unknown = 0,

    /// <summary>No further rule of this stage is asked.</summary>
    Accept = 1,

    /// <summary>No further rule of this chain is asked.</summary>
    Return = 2,

    /// <summary>The destination becomes a local port.</summary>
    Redirect = 3,

    /// <summary>The connection gets a mark.</summary>
    SetConnectionMark = 4,

    /// <summary>The packet gets its connection's mark.</summary>
    RestoreMark = 5,

    /// <summary>The packet is tracked in a zone of its own.</summary>
    SetZone = 6,
}

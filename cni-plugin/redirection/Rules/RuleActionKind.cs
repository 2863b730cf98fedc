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

    /// <summary>The packet gets a mark.</summary>
    SetMark = 7,

    /// <summary>The packet goes to the transparent listener on a local port as it is; the rule does not match when nobody listens.</summary>
    Transparent = 8,

    /// <summary>The sender gets a TCP reset.</summary>
    Reset = 9,

    /// <summary>The packet is not tracked.</summary>
    NoTrack = 10,

    /// <summary>The packet is lost.</summary>
    Drop = 11,
}

namespace Ambient.Cni.Agent.Pods;

/// <summary>What is under way for a pod.</summary>
internal enum PodStep
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Its namespace is being looked for.</summary>
    Find = 1,

    /// <summary>Its kernel is being read.</summary>
    Inspect = 2,

    /// <summary>It is being written down.</summary>
    Remember = 3,

    /// <summary>Its rules are being made.</summary>
    Apply = 4,

    /// <summary>It is being probed from inside.</summary>
    Prove = 5,

    /// <summary>Its guard is being raised.</summary>
    RaiseGuard = 6,

    /// <summary>Its guard is being lifted.</summary>
    LiftGuard = 7,

    /// <summary>Its rules are being removed.</summary>
    Remove = 8,

    /// <summary>Probes are being let in.</summary>
    AdmitProbes = 9,

    /// <summary>Probes are being shut out.</summary>
    WithdrawProbes = 10,

    /// <summary>It is being forgotten.</summary>
    Forget = 11,

    /// <summary>New connections are being held until there is a proxy again.</summary>
    Hold = 12,

    /// <summary>The hold on new connections is being ended.</summary>
    EndHold = 13,
}

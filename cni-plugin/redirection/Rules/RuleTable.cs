namespace Ambient.Cni.Redirection.Rules;

/// <summary>The stage of packet processing that a rule belongs to.</summary>
public enum RuleTable
{
    /// <summary>Before connection tracking (priority -300).</summary>
    Raw = 0,

    /// <summary>After connection tracking, before address translation (-150).</summary>
    Mangle = 1,

    /// <summary>Address translation of a connection's first packet (-100).</summary>
    Nat = 2,

    /// <summary>After all of that (0): what leaves is judged as it will leave.</summary>
    Filter = 3,
}

namespace Ambient.Cni.Redirection.Rules;

/// <summary>Which packets a rule is about.</summary>
public enum RuleFamily
{
    /// <summary>Both.</summary>
    Any = 0,

    /// <summary>IPv4 alone.</summary>
    IPv4 = 1,

    /// <summary>IPv6 alone.</summary>
    IPv6 = 2,
}

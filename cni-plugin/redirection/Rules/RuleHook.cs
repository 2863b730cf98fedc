namespace Ambient.Cni.Redirection.Rules;

/// <summary>Where in a packet's way a rule is asked.</summary>
public enum RuleHook
{
    /// <summary>A packet has come in through an interface, loopback included.</summary>
    Prerouting = 0,

    /// <summary>A process in the namespace has sent it.</summary>
    Output = 1,
}

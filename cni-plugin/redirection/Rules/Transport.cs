namespace Ambient.Cni.Redirection.Rules;

/// <summary>The transport a rule asks for.</summary>
public enum Transport
{
    /// <summary>Not asked.</summary>
    Any = 0,

    /// <summary>TCP.</summary>
    Tcp = 6,

    /// <summary>UDP.</summary>
    Udp = 17,
}

using System.Net;

namespace Ambient.Linux.Routing;

/// <summary>One routing rule of a namespace, as far as it is understood. Immutable.</summary>
public sealed record KernelRule
{
    /// <summary>Whether it is IPv6's.</summary>
    public bool IsIpv6 { get; init; }

    /// <summary>Its place among all rules.</summary>
    public uint Preference { get; init; }

    /// <summary>The table it leads to, or with <see cref="IsJump"/> the preference of the rule where the search goes on.</summary>
    public uint Target { get; init; }

    /// <summary>Whether it is a jump.</summary>
    public bool IsJump { get; init; }

    /// <summary>The packet's mark; null for all.</summary>
    public uint? Mark { get; init; }

    /// <summary>What of the mark counts.</summary>
    public uint Mask { get; init; }

    /// <summary>Only packets that came in here; <c>lo</c> are those that the namespace itself sends.</summary>
    public string? InInterface { get; init; }

    /// <summary>Only this transport; 0 for all.</summary>
    public byte Transport { get; init; }

    /// <summary>Only from this port; 0 for all.</summary>
    public ushort SourcePort { get; init; }

    /// <summary>Only to this port; 0 for all.</summary>
    public ushort DestinationPort { get; init; }

    /// <summary>Only from this one address.</summary>
    public IPAddress? Source { get; init; }

    /// <summary>Only to this one address.</summary>
    public IPAddress? Destination { get; init; }

    /// <summary>Whether the kernel's rule says more than all this: then it is nobody's we know.</summary>
    public bool SaysMore { get; init; }
}

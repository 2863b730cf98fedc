using System.Net;
using Ambient.Cni.Redirection;
using Ambient.Cni.Redirection.Rules;

namespace Ambient.Cni.Agent.Kernel;

/// <summary>How redirection is made on this node. Immutable.</summary>
public sealed record PodKernelOptions
{
    /// <summary>How connections come to the proxy. Upstream's ztunnel only knows translation.</summary>
    public RedirectionMethod Method { get; init; } = RedirectionMethod.Translation;

    /// <summary>What writes the rules.</summary>
    public RedirectionBackEnd BackEnd { get; init; } = RedirectionBackEnd.Nftables;

    /// <summary>Whether IPv6 is redirected.</summary>
    public bool Ipv6 { get; init; } = true;

    /// <summary>Source of the node's probes, IPv4.</summary>
    public IPAddress ProbeAddress { get; init; } = IPAddress.Parse("169.254.7.127");

    /// <summary>Source of the node's probes, IPv6.</summary>
    public IPAddress ProbeAddressV6 { get; init; } = IPAddress.Parse("fd16:9254:7127:1337:ffff:ffff:ffff:ffff");
}

namespace Ambient.Kubernetes.Resources.Istio;

/// <summary>Who a caller must be; every list that is not empty must match. Immutable.</summary>
public sealed record RuleSource
{
    /// <summary><c>principals</c>.</summary>
    public IReadOnlyList<string> Principals { get; init => field = value ?? []; } = [];

    /// <summary><c>notPrincipals</c>.</summary>
    public IReadOnlyList<string> NotPrincipals { get; init => field = value ?? []; } = [];

    /// <summary><c>requestPrincipals</c> (L7).</summary>
    public IReadOnlyList<string> RequestPrincipals { get; init => field = value ?? []; } = [];

    /// <summary><c>notRequestPrincipals</c> (L7).</summary>
    public IReadOnlyList<string> NotRequestPrincipals { get; init => field = value ?? []; } = [];

    /// <summary><c>namespaces</c>.</summary>
    public IReadOnlyList<string> Namespaces { get; init => field = value ?? []; } = [];

    /// <summary><c>notNamespaces</c>.</summary>
    public IReadOnlyList<string> NotNamespaces { get; init => field = value ?? []; } = [];

    /// <summary><c>serviceAccounts</c>.</summary>
    public IReadOnlyList<string> ServiceAccounts { get; init => field = value ?? []; } = [];

    /// <summary><c>notServiceAccounts</c>.</summary>
    public IReadOnlyList<string> NotServiceAccounts { get; init => field = value ?? []; } = [];

    /// <summary><c>trustDomains</c>.</summary>
    public IReadOnlyList<string> TrustDomains { get; init => field = value ?? []; } = [];

    /// <summary><c>notTrustDomains</c>.</summary>
    public IReadOnlyList<string> NotTrustDomains { get; init => field = value ?? []; } = [];

    /// <summary><c>ipBlocks</c>.</summary>
    public IReadOnlyList<string> IpBlocks { get; init => field = value ?? []; } = [];

    /// <summary><c>notIpBlocks</c>.</summary>
    public IReadOnlyList<string> NotIpBlocks { get; init => field = value ?? []; } = [];

    /// <summary><c>remoteIpBlocks</c> (L7).</summary>
    public IReadOnlyList<string> RemoteIpBlocks { get; init => field = value ?? []; } = [];

    /// <summary><c>notRemoteIpBlocks</c> (L7).</summary>
    public IReadOnlyList<string> NotRemoteIpBlocks { get; init => field = value ?? []; } = [];
}

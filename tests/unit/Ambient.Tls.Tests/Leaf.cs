using System.Security.Cryptography.X509Certificates;

namespace Ambient.Tls.Tests;

/// <summary>What a test certificate looks like.</summary>
internal sealed record Leaf
{
    public DateTimeOffset NotBefore { get; init; } = TestAuthority.Now.AddDays(-1);

    public DateTimeOffset NotAfter { get; init; } = TestAuthority.Now.AddDays(1);

    public string Subject { get; init; } = "";

    public string[]? Uris { get; init; }

    public string[]? Purposes { get; init; } = ["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"];

    public X509KeyUsageFlags? KeyUsage { get; init; }

    public bool? IsAuthority { get; init; }

    public int? PathLength { get; init; }

    public X509Extension[] Extra { get; init; } = [];
}

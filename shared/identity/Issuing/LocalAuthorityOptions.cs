namespace Ambient.Identity.Issuing;

/// <summary>How <see cref="LocalAuthority"/> signs. Immutable.</summary>
public sealed record LocalAuthorityOptions
{
    /// <summary>Where the root is kept unless FAKE_CA_DIR says otherwise.</summary>
    public const string DefaultDirectory = "/var/run/ambient/test-ca";

    /// <summary>Where the root is kept: processes with the same directory trust each other.</summary>
    public string Directory { get; init; } = DefaultDirectory;

    /// <summary>How long a leaf is valid; X.509 counts in seconds.</summary>
    public TimeSpan Lifetime { get; init; } = TimeSpan.FromHours(24);

    /// <summary>The organisation in subjects.</summary>
    public string Organization { get; init; } = "cluster.local";
}

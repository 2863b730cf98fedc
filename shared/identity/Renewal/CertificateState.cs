namespace Ambient.Identity.Renewal;

/// <summary>What the store knows about one identity (names as in config_dump).</summary>
public enum CertificateState
{
    /// <summary>Asked for, no answer yet.</summary>
    Initializing = 0,

    /// <summary>A certificate is there.</summary>
    Available = 1,

    /// <summary>The last request failed and there is no valid certificate.</summary>
    Unavailable = 2,
}

namespace Ambient.Tls.Edges;

/// <summary>Whether clients show certificates.</summary>
public enum ClientCertificateMode
{
    /// <summary>They are not asked.</summary>
    None = 0,

    /// <summary>They may; one that is shown must be good.</summary>
    IfGiven = 1,

    /// <summary>They must.</summary>
    Required = 2,
}

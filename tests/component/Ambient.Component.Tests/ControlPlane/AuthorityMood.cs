namespace Ambient.Component.Tests.ControlPlane;

/// <summary>How an authority answers.</summary>
internal enum AuthorityMood
{
    /// <summary>As it should.</summary>
    IsGood,

    /// <summary>Not at all, until the mood changes; then it cuts the call.</summary>
    Stalls,

    /// <summary>With a status.</summary>
    Refuses,

    /// <summary>With something else in the certificate's place.</summary>
    IsGarbage,

    /// <summary>With an empty list.</summary>
    SendsNothing,

    /// <summary>With a certificate of the past.</summary>
    SendsExpired,

    /// <summary>With a certificate of the future.</summary>
    SendsEarly,

    /// <summary>With somebody else's name.</summary>
    SendsForeignIdentity,

    /// <summary>With a certificate for another key.</summary>
    SendsWrongKey,
}

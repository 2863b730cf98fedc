namespace Ambient.ControlPlane.Authority.Callers;

/// <summary>How a caller showed who it is.</summary>
public enum CallerKind
{
    /// <summary>By a certificate of this mesh.</summary>
    Certificate,

    /// <summary>By a service account's token that the API server confirmed.</summary>
    Token,
}

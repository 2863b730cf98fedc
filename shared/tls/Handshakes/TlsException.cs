namespace Ambient.Tls.Handshakes;

/// <summary>TLS can't be set up: an operator must act. Never thrown for what a peer sends.</summary>
public sealed class TlsException : Exception
{
    /// <summary>Creates the exception.</summary>
    public TlsException(string message)
        : base(message)
    {
    }

    /// <summary>Creates the exception.</summary>
    public TlsException(string message, Exception inner)
        : base(message, inner)
    {
    }
}

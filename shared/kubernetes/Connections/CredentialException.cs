namespace Ambient.Kubernetes.Connections;

/// <summary>There is no credential: the file cannot be read, the program failed. The message says which and holds no secret.</summary>
public sealed class CredentialException : Exception
{
    /// <summary>With a message for the operator.</summary>
    public CredentialException(string message)
        : base(message)
    {
    }

    /// <summary>With a message and its cause.</summary>
    public CredentialException(string message, Exception cause)
        : base(message, cause)
    {
    }

    /// <summary>Without a message.</summary>
    public CredentialException()
    {
    }
}

namespace Ambient.Cni.Redirection;

/// <summary>Rules could not be written, read or removed; the message names the tool, its exit code and what it said.</summary>
public sealed class RedirectionException : Exception
{
    /// <summary>With the reason.</summary>
    public RedirectionException(string message)
        : base(message)
    {
    }

    /// <summary>With the reason and its cause.</summary>
    public RedirectionException(string message, Exception inner)
        : base(message, inner)
    {
    }
}

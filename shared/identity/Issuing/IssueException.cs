namespace Ambient.Identity.Issuing;

/// <summary>No certificate could be had; the message is meant for operators.</summary>
public sealed class IssueException : Exception
{
    /// <summary>With a reason.</summary>
    public IssueException(string message)
        : base(message)
    {
    }

    /// <summary>With a reason and what caused it.</summary>
    public IssueException(string message, Exception cause)
        : base(message, cause)
    {
    }
}

namespace Ambient.ControlPlane.Routing.Keys;

/// <summary>A key set could not be had; the message is for operators and holds nothing secret.</summary>
public sealed class KeySetException : Exception
{
    /// <summary>Without a reason.</summary>
    public KeySetException()
    {
    }

    /// <summary>With a reason.</summary>
    public KeySetException(string message)
        : base(message)
    {
    }

    /// <summary>With a reason and what it follows from.</summary>
    public KeySetException(string message, Exception inner)
        : base(message, inner)
    {
    }
}

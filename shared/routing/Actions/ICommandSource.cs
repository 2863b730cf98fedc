namespace Ambient.Routing.Actions;

/// <summary>What is known about a request when header values are made.</summary>
public interface ICommandSource
{
    /// <summary>The value of a command such as <c>REQ</c> with an argument such as a header's name; null when there is none.</summary>
    string? Resolve(string command, string argument);
}

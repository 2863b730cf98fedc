namespace Ambient.Cli.Demo;

/// <summary>A promise was not kept; the message says what was expected.</summary>
internal sealed class CheckFailedException(string message) : Exception(message);

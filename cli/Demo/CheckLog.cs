using System.Diagnostics.CodeAnalysis;
using Ambient.Cli.Demo.Output;

namespace Ambient.Cli.Demo;

/// <summary>What one check tells about itself while it runs. Not thread-safe.</summary>
internal sealed class CheckLog(IDemoOutput output)
{
    /// <summary>What was done, in the words of a command line where there is one.</summary>
    public void Did(string text) => output.Did(text);

    /// <summary>What was seen.</summary>
    public void Saw(string text) => output.Saw(text);

    /// <summary>Ends the check as failed unless the condition holds.</summary>
    public void Require([DoesNotReturnIf(false)] bool condition, string expectation)
    {
        if (!condition)
        {
            throw new CheckFailedException(expectation);
        }
    }
}

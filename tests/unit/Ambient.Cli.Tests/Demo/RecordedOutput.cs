using Ambient.Cli.Demo.Output;

namespace Ambient.Cli.Tests.Demo;

/// <summary>Plain output into a string.</summary>
internal static class RecordedOutput
{
    public static (IDemoOutput Output, Func<string> Read) New()
    {
        var text = new StringWriter { NewLine = "\n" };
        return (new PlainOutput(text), text.ToString);
    }
}

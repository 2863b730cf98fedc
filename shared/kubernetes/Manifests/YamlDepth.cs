using YamlDotNet.Core;

namespace Ambient.Kubernetes.Manifests;

/// <summary>Looks at a text's events before its tree is built, for the tree is built by recursion. Pure.</summary>
internal static class YamlDepth
{
    /// <summary>Deepest nesting of a manifest.</summary>
    public const int Deepest = 60;

    /// <summary>Throws <see cref="YamlException"/> for what is nested too deeply.</summary>
    public static void Check(string text)
    {
        // Brackets within brackets cost the reader nothing: events come one by one.
        var parser = new Parser(new StringReader(text));
        int depth = 0;
        while (parser.MoveNext())
        {
            depth += parser.Current!.NestingIncrease;
            if (depth > Deepest)
            {
                throw new YamlException(parser.Current.Start, parser.Current.End, $"is nested more than {Deepest} deep");
            }
        }
    }
}

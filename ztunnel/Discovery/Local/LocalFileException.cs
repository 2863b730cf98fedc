using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Ambient.Ztunnel.Discovery.Local;

/// <summary>The local file says something that cannot be used; the message begins with the line.</summary>
public sealed class LocalFileException : Exception
{
    internal LocalFileException(Mark where, string reason)
        : base($"line {where.Line}, column {where.Column}: {reason}")
    {
    }

    internal LocalFileException(string reason)
        : base(reason)
    {
    }

    internal static LocalFileException At(YamlNode node, string reason) => new(node.Start, reason);
}

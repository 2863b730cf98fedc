namespace Ambient.Cni.Plugin.Protocol;

/// <summary>Versions of the CNI specification that are spoken: those in which a plugin can be chained.</summary>
internal static class CniVersions
{
    /// <summary>The newest.</summary>
    public const string Newest = "1.1.0";

    /// <summary>All, oldest first.</summary>
    public static IReadOnlyList<string> Supported { get; } = ["0.3.0", "0.3.1", "0.4.0", "1.0.0", Newest];

    /// <summary>Throws <see cref="CniException"/> when a version, or a command in that version, does not exist for us.</summary>
    public static void Require(string command, string version)
    {
        if (!Supported.Contains(version))
        {
            throw new CniException(CniErrorCode.IncompatibleVersion, "incompatible CNI versions", $"config is {CniOutput.Printable(version)}, plugin supports {string.Join(", ", Supported)}");
        }

        string since = command switch { "STATUS" or "GC" => Newest, "CHECK" => "0.4.0", _ => Supported[0] };
        if (string.CompareOrdinal(version, since) < 0)
        {
            throw new CniException(CniErrorCode.IncompatibleVersion, $"config version does not allow {command}", $"config is {version}, {command} exists since {since}");
        }
    }
}

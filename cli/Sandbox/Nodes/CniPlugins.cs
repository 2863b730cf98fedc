namespace Ambient.Cli.Sandbox.Nodes;

/// <summary>Where containernetworking's plugins are.</summary>
internal static class CniPlugins
{
    /// <summary>Debian's folder, then the customary one.</summary>
    public static readonly string[] Folders = ["/usr/lib/cni", "/opt/cni/bin"];

    /// <summary>Those that the sandbox's chain needs.</summary>
    public static readonly string[] Needed = ["bridge", "host-local", "portmap"];

    /// <summary>Needed plugins that are in no folder.</summary>
    public static IEnumerable<string> Missing() => Needed.Where(p => !Folders.Any(f => File.Exists(Path.Combine(f, p))));
}

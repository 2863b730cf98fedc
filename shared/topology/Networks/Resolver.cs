using System.Net;

namespace Ambient.Topology.Networks;

/// <summary>The resolv.conf that <c>ip netns exec</c> shows to programs of a namespace.</summary>
internal static class Resolver
{
    private const string Root = "/etc/netns";

    public static void Write(string namespaceName, IPAddress server)
    {
        string directory = Path.Combine(Root, namespaceName);
        Directory.CreateDirectory(directory);
        File.WriteAllText(Path.Combine(directory, "resolv.conf"), $"nameserver {server}\nsearch shop.svc.cluster.local svc.cluster.local cluster.local\noptions timeout:2 attempts:2\n");
    }

    public static void Remove(string namespaceName)
    {
        string directory = Path.Combine(Root, namespaceName);
        if (Directory.Exists(directory))
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    /// <summary>Namespace names that have a directory.</summary>
    public static IEnumerable<string> Names() =>
        Directory.Exists(Root) ? Directory.EnumerateDirectories(Root).Select(d => Path.GetFileName(d)).ToList() : [];
}

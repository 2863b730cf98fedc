using System.Globalization;
using Ambient.Cni.Redirection.Rules;
using Ambient.Cni.Redirection.Verification;
using Ambient.Linux;
using Ambient.Linux.Namespaces;
using Ambient.Linux.Proc;

namespace Ambient.Cni.Redirection.Routing;

/// <summary>
/// The kernel's switches by which accepted sockets, and answers without a socket, take the mark of the packet that they answer.
/// <see cref="RedirectionMethod.Sockets"/> rests on them. Thread-safe.
/// </summary>
internal sealed class SocketMarks(NetworkNamespace network)
{
    private static readonly string[] Switches = ["net/ipv4/tcp_fwmark_accept", "net/ipv4/fwmark_reflect", "net/ipv6/fwmark_reflect"];

    /// <summary>Turns them on or off; a kernel without IPv6 lacks the last. Throws <see cref="RedirectionException"/>.</summary>
    public void Set(bool on) => network.Run(() =>
    {
        foreach (string name in Existing())
        {
            try
            {
                Write(name, on ? "1" : "0");
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or LinuxException)
            {
                throw new RedirectionException(string.Create(CultureInfo.InvariantCulture, $"cannot write /proc/sys/{name} in the pod: {e.Message}"), e);
            }
        }

        return true;
    });

    /// <summary>In a container that is not privileged /proc/sys is read-only, whatever namespace the thread is in.</summary>
    private static void Write(string name, string value)
    {
        try
        {
            File.WriteAllText("/proc/sys/" + name, value);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            using var proc = ProcMount.Open();
            File.WriteAllText(proc.Path + "/sys/" + name, value);
        }
    }

    /// <summary>Adds a difference for each that is off though the method needs it.</summary>
    public void Verify(List<Difference> differences) => differences.AddRange(network.Run(() =>
        Existing().Where(name => File.ReadAllText("/proc/sys/" + name).Trim() != "1").Select(name => new Difference(DifferenceKind.Missing, "sysctl", name + " = 1")).ToArray()));

    private static IEnumerable<string> Existing() => Switches.Where(name => name.StartsWith("net/ipv4/", StringComparison.Ordinal) || File.Exists("/proc/sys/" + name));
}

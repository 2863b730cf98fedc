using System.Diagnostics;
using System.Globalization;
using Ambient.Linux.Namespaces;

namespace Ambient.Component.Tests.Pods;

/// <summary>A network namespace that stands for a pod: loopback is up, nothing else. It has no name, so nothing is left behind.</summary>
internal sealed class PodFixture : IDisposable
{
    public PodFixture(bool ipv6 = true)
    {
        Network = NetworkNamespace.Create();
        Run("ip", "link", "set", "lo", "up");
        if (!ipv6)
        {
            Run("sysctl", "-qw", "net.ipv6.conf.lo.disable_ipv6=1");
        }
    }

    public NetworkNamespace Network { get; }

    /// <summary>Where the namespace can be opened from.</summary>
    public string Path => string.Create(CultureInfo.InvariantCulture, $"/proc/{Environment.ProcessId}/fd/{Network.Descriptor}");

    /// <summary>Runs a program inside the pod; its output.</summary>
    public string Run(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo("nsenter", ["--net=" + Path, program, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        string output = process.StandardOutput.ReadToEnd();
        string errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)}: {errors}");
        return output;
    }

    public void Dispose() => Network.Dispose();
}

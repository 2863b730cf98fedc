using System.Net;
using Ambient.Topology.Networks;
using Ambient.Topology.Processes;

namespace Ambient.Cli.Sandbox.Applications;

/// <summary>What runs in a pod: how it is prepared and started, and the port that says it is up.</summary>
internal abstract class SandboxApplication(int port)
{
    /// <summary>The port it listens on.</summary>
    public int Port { get; } = port;

    /// <summary>Prepares and starts it; returns once it accepts connections on the pod's loopback.</summary>
    public async Task<RunningProcess> StartAsync(VirtualPod pod, string directory, CancellationToken cancellation)
    {
        Directory.CreateDirectory(directory);
        ProcessPlan plan = await PrepareAsync(pod, directory, cancellation);
        RunningProcess process = RunningProcess.Start(plan);
        try
        {
            // Loopback is never redirected, so this works with and without a ztunnel.
            await process.WaitForPortAsync(new IPEndPoint(IPAddress.Loopback, Port), TimeSpan.FromSeconds(15));
            return process;
        }
        catch
        {
            await process.DisposeAsync();
            throw;
        }
    }

    /// <summary>Writes files and says what to start.</summary>
    protected abstract Task<ProcessPlan> PrepareAsync(VirtualPod pod, string directory, CancellationToken cancellation);
}

using Ambient.Cni.Plugin;
using Ambient.Cni.Plugin.Sandboxes;
using Ambient.Linux.Descriptors;

// ambient-cni: the last plugin of the node's CNI chain. One operation per process, told by the environment and standard input.
// The runtime's console would start a thread for terminals, which takes longer than the guard.
using var input = new DescriptorStream(0);
using var output = new DescriptorStream(1);
using var errors = new DescriptorStream(2);
try
{
    return new CniPlugin(Environment.GetEnvironmentVariable, new KernelSandboxes(), new PluginTimings(), TimeProvider.System).Run(input, output, errors);
}
catch (IOException)
{
    // Whoever asked does not listen any more.
    return 1;
}

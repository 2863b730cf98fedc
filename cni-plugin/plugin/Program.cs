using Ambient.Cni.Plugin;
using Ambient.Cni.Plugin.Sandboxes;

// ambient-cni: the last plugin of the node's CNI chain. One operation per process, told by the environment and standard input.
using Stream input = Console.OpenStandardInput();
using Stream output = Console.OpenStandardOutput();
using Stream errors = Console.OpenStandardError();
return new CniPlugin(Environment.GetEnvironmentVariable, new KernelSandboxes(), new PluginTimings(), TimeProvider.System).Run(input, output, errors);

using Ambient.Cni.Agent;
using Ambient.Cni.Agent.Installation;
using Ambient.Cni.Agent.Settings;
using Ambient.Cni.Agent.Sources;
using Ambient.Linux;
using Ambient.Linux.Proc;
using Ambient.Telemetry.Logging;

// ambient-cni-agent: the node agent. Parse the settings, choose the source of pods, run until a signal says otherwise.
if (args.Length > 0 && args[0] is not ("run" or "uninstall" or "version"))
{
    Console.Error.WriteLine("usage: ambient-cni-agent [run | uninstall | version]; settings come from the environment, see docs/operations.md");
    return args[0] == "help" ? 0 : 1;
}

if (args is ["version", ..])
{
    Console.Out.WriteLine(typeof(AgentProcess).Assembly.GetName().Version);
    return 0;
}

Dictionary<string, string> environment = [];
foreach (System.Collections.DictionaryEntry variable in Environment.GetEnvironmentVariables())
{
    environment[(string)variable.Key] = (string?)variable.Value ?? "";
}

if (AgentSettings.Parse(environment, out IReadOnlyList<string> errors) is not { } settings)
{
    foreach (string error in errors)
    {
        Console.Error.WriteLine(error);
    }

    return 1;
}

// nft's library works on many threads, and each of malloc's arenas would keep what one of them once needed.
NativeHeap.LimitArenas(1);
if (args is ["uninstall", ..])
{
    return await Uninstaller.RunAsync(settings, Console.Error);
}

using var logs = new LogHub(new LogHubOptions { Directives = settings.Log });
try
{
    using PodWorld? world = PodWorld.Make(settings, environment, logs, TimeProvider.System, out string? error);
    if (world is null)
    {
        Console.Error.WriteLine(error);
        return 1;
    }

    return await new AgentProcess(settings, world.Source, world.Reporter, world.Finder, logs, TimeProvider.System) { Keeper = world.Keeper }.RunAsync(CancellationToken.None);
}
catch (Exception unusable) when (unusable is IOException or UnauthorizedAccessException or LinuxException or System.Net.Sockets.SocketException)
{
    logs.For("agent").Error("the agent cannot start", LogField.Of("error", unusable.Message));
    return 1;
}

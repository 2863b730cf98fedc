using System.CommandLine;

namespace Ambient.Cli.Commands;

/// <summary>The words of the command line.</summary>
internal static class RootCommands
{
    /// <summary>The whole tree.</summary>
    public static RootCommand Build() => new("The operator's tool of the Ambient mesh.")
    {
        VersionCommand.Build(), CheckCommand.Build(), StatusCommand.Build(), ZtunnelConfigCommands.Build(), WaypointConfigCommands.Build(), WaypointCommands.Build(), ExplainCommand.Build(), RemoteClustersCommand.Build(), CompletionCommand.Build(), Sandbox(),
    };

    private static Command Sandbox()
    {
        var command = new Command("sandbox", "A whole mesh in network namespaces of this machine.") { Demo(), Hold(), Down() };
        foreach (Command one in ApplyCommands.Build())
        {
            command.Add(one);
        }

        return command;
    }

    private static Command Demo()
    {
        var keep = new Option<bool>("--keep") { Description = "Leave the mesh running and print commands to play with." };
        var noColour = new Option<bool>("--no-color") { Description = "Plain text, also in a terminal (so does NO_COLOR)." };
        var ztunnel = new Option<string?>("--ztunnel") { Description = "The ztunnel program (default: AMBIENT_ZTUNNEL, or where the build puts it)." };
        var only = new Option<string?>("--only") { Description = "Only the checks whose title holds this text." };
        var command = new Command("demo", "Builds the mesh, shows and checks every promise, takes it down.") { keep, noColour, ztunnel, only };
        command.SetAction((parsed, _) => DemoCommand.RunAsync(new DemoOptions(parsed.GetValue(keep), parsed.GetValue(noColour), parsed.GetValue(ztunnel), parsed.GetValue(only))));
        return command;
    }

    private static Command Hold()
    {
        var run = new Argument<string>("run") { Description = "The run, as the demo names it." };
        var command = new Command("hold", "Goes on as agent and supervisor of a sandbox (started by demo --keep).") { run };
        command.Hidden = true;
        command.SetAction((parsed, _) => HoldCommand.RunAsync(parsed.GetValue(run)!));
        return command;
    }

    private static Command Down()
    {
        var run = new Argument<string?>("run") { Description = "One sandbox, as the demo names its run; without it, every one, running or left behind.", Arity = ArgumentArity.ZeroOrOne };
        var command = new Command("down", "Removes sandboxes, running or left behind.") { run };
        command.SetAction((parsed, _) => DownCommand.RunAsync(parsed.GetValue(run)));
        return command;
    }
}

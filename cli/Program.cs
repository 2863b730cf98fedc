using Ambient.Cli.Commands;

// ambientctl: read the command line, run one command. Signals are the commands' own business: they have things to take down.
return await RootCommands.Build().Parse(args).InvokeAsync(new() { ProcessTerminationTimeout = null });

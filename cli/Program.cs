using System.CommandLine;
using Ambient.Cli.Commands;

// ambientctl: read the command line, run one command. Signals are the commands' own business: they have things to take down.
ParseResult parsed = RootCommands.Build().Parse(args);
int code = await parsed.InvokeAsync(new() { ProcessTerminationTimeout = null });
return parsed.Errors.Count > 0 ? ExitCodes.Usage : code;

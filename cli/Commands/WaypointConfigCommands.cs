using System.CommandLine;
using Ambient.Cli.Dumps;
using Ambient.Cli.Output;
using Ambient.Cli.Sources;

namespace Ambient.Cli.Commands;

/// <summary><c>ambientctl waypoint-config …</c>: what a waypoint knows and does.</summary>
internal static class WaypointConfigCommands
{
    /// <summary>The whole branch.</summary>
    public static Command Build()
    {
        var command = new Command("waypoint-config", "What a waypoint knows: from Kubernetes, an admin port, the sandbox or a saved config_dump.");
        command.Aliases.Add("wc");
        command.Add(Table("route", "Routes of the services that it serves, in the order in which they are tried.", ["routes", "r"], static (dump, filter, _) => WaypointDumpTables.Routes(dump, filter)));
        command.Add(Table("endpoint", "Endpoints that routes lead to, and whether they are in service.", ["endpoints", "e", "ep"], static (dump, filter, _) => WaypointDumpTables.Endpoints(dump, filter)));
        command.Add(Table("policy", "Authorization policies and rules for tokens.", ["policies", "p", "pol"], static (dump, filter, _) => WaypointDumpTables.Policies(dump, filter)));
        command.Add(Table("destination", "How hosts are reached: what DestinationRules say.", ["destinations", "d", "dr"], static (dump, filter, _) => WaypointDumpTables.Destinations(dump, filter)));
        command.Add(Table("service", "Services that it knows.", ["services", "s", "svc"], static (dump, filter, _) => DumpTables.Services(dump, filter)));
        command.Add(Table("workload", "Workloads that it knows.", ["workloads", "w"], static (dump, filter, _) => DumpTables.Workloads(dump, filter)));
        command.Add(Table("certificate", "Certificates that it holds.", ["certificates", "certs", "cert"], static (dump, filter, now) => DumpTables.Certificates(dump, filter, now)));
        command.Add(Log());
        return command;
    }

    private static Command Table(string name, string description, string[] aliases, Func<ConfigDump, DumpFilter, DateTimeOffset, Answer> make)
    {
        var source = new WaypointSource();
        Option<string> output = OutputOption.Make();
        var space = new Option<string?>("--of-namespace") { Description = "Only of this namespace." };
        var named = new Option<string?>("--name") { Description = "Only those whose name holds this text." };
        var command = new Command(name, description) { output, space, named };
        foreach (string alias in aliases)
        {
            command.Aliases.Add(alias);
        }

        source.AddTo(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            (ConfigDump? dump, int code) = await DumpAsync(source, parsed, cancellation);
            if (dump is null)
            {
                return code;
            }

            make(dump, new DumpFilter(parsed.GetValue(space), parsed.GetValue(named)), TimeProvider.System.GetUtcNow()).WriteTo(parsed.InvocationConfiguration.Output, parsed.Format(output));
            return ExitCodes.Good;
        });
        return command;
    }

    private static async Task<(ConfigDump? Dump, int Code)> DumpAsync(WaypointSource source, ParseResult parsed, CancellationToken cancellation)
    {
        ConfigDump? dump;
        string? error;
        int code = ExitCodes.Usage;
        if (source.File(parsed) is { } file)
        {
            (dump, error) = await DumpFile.ReadAsync(file, cancellation);
        }
        else
        {
            code = ExitCodes.Unreachable;
            dump = null;
            (AdminPort? admin, ClusterAccess? cluster, error) = await source.OpenAsync(parsed, cancellation);
            using (cluster)
            using (admin)
            {
                if (admin is not null)
                {
                    (dump, error) = await admin.DumpAsync(cancellation);
                }
            }
        }

        if (dump is { IsOfWaypoint: false })
        {
            (dump, error, code) = (null, "that is the config_dump of a ztunnel: ambientctl ztunnel-config reads it", ExitCodes.Usage);
        }

        if (dump is null)
        {
            parsed.InvocationConfiguration.Error.WriteLine("error: " + error);
        }

        return (dump, dump is null ? code : ExitCodes.Good);
    }

    private static Command Log()
    {
        var source = new WaypointSource();
        var levels = new LogLevelOptions();
        var command = new Command("log", "Levels of a waypoint's log: shows them, or changes them while it runs.");
        levels.AddTo(command);
        source.AddTo(command);
        command.SetAction((parsed, cancellation) => levels.RunAsync(parsed, source.File(parsed) is not null, "waypoint", () => source.OpenAsync(parsed, cancellation), cancellation));
        return command;
    }
}

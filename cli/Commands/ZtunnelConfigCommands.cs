using System.CommandLine;
using Ambient.Cli.Dumps;
using Ambient.Cli.Output;
using Ambient.Cli.Sources;

namespace Ambient.Cli.Commands;

/// <summary><c>ambientctl ztunnel-config …</c>: what a ztunnel knows, with the columns of istioctl's command of the same name.</summary>
internal static class ZtunnelConfigCommands
{
    /// <summary>The whole branch.</summary>
    public static Command Build()
    {
        var command = new Command("ztunnel-config", "What a ztunnel knows: from Kubernetes, a node's admin port, the sandbox or a saved config_dump.");
        command.Aliases.Add("zc");
        command.Add(Table("workload", "Workloads of the mesh.", "--workload-namespace", ["workloads", "w"], static (dump, filter, _, _) => DumpTables.Workloads(dump, filter), hasPlace: true));
        command.Add(Table("service", "Services of the mesh.", "--service-namespace", ["services", "s", "svc"], static (dump, filter, _, _) => DumpTables.Services(dump, filter)));
        command.Add(Table("policy", "Authorization policies.", "--policy-namespace", ["policies", "p", "pol"], static (dump, filter, _, _) => DumpTables.Policies(dump, filter)));
        command.Add(Table("certificate", "Certificates that the ztunnel holds.", null, ["certificates", "certs", "cert"], static (dump, filter, _, now) => DumpTables.Certificates(dump, filter, now)));
        command.Add(Table("connections", "Open connections of the node's pods.", "--workload-namespace", ["connection", "cons", "conn"], static (dump, filter, direction, _) => DumpTables.Connections(dump, filter, direction), hasDirection: true));
        command.Add(Log());
        return command;
    }

    private static Command Table(
        string name, string description, string? namespaceOption, string[] aliases, Func<ConfigDump, DumpFilter, string?, DateTimeOffset, Answer> make, bool hasPlace = false, bool hasDirection = false)
    {
        var source = new SourceOptions();
        Option<string> output = OutputOption.Make();
        var space = new Option<string?>(namespaceOption ?? "--identity-namespace") { Description = "Only of this namespace.", Hidden = namespaceOption is null };
        var named = new Option<string?>("--name") { Description = "Only those whose name holds this text." };
        var node = new Option<string?>("--workload-node") { Description = "Only workloads of this node." };
        var address = new Option<string?>("--address") { Description = "Only the workload with this address." };
        var direction = new Option<string?>("--direction") { Description = "inbound or outbound." };
        direction.AcceptOnlyFromAmong("inbound", "outbound");
        var command = new Command(name, description) { output, space, named };
        foreach (string alias in aliases)
        {
            command.Aliases.Add(alias);
        }

        if (hasPlace)
        {
            command.Add(node);
            command.Add(address);
        }

        if (hasDirection)
        {
            command.Add(direction);
        }

        source.AddTo(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            (ConfigDump? dump, int code) = await DumpAsync(source, parsed, cancellation);
            if (dump is null)
            {
                return code;
            }

            var filter = new DumpFilter(parsed.GetValue(space), parsed.GetValue(named), hasPlace ? parsed.GetValue(node) : null, hasPlace ? parsed.GetValue(address) : null);
            make(dump, filter, hasDirection ? parsed.GetValue(direction) : null, TimeProvider.System.GetUtcNow()).WriteTo(parsed.InvocationConfiguration.Output, parsed.Format(output));
            return ExitCodes.Good;
        });
        return command;
    }

    /// <summary>Reads the dump that is meant; else says why not and with which code to end.</summary>
    internal static async Task<(ConfigDump? Dump, int Code)> DumpAsync(SourceOptions source, ParseResult parsed, CancellationToken cancellation)
    {
        TextWriter complaints = parsed.InvocationConfiguration.Error;
        if (source.File(parsed) is { } file)
        {
            (ConfigDump? read, string? unreadable) = await DumpFile.ReadAsync(file, cancellation);
            if (read is null)
            {
                complaints.WriteLine("error: " + unreadable);
            }

            return (read, read is null ? ExitCodes.Usage : ExitCodes.Good);
        }

        (AdminPort? admin, ClusterAccess? cluster, string? error) = await source.OpenAsync(parsed, cancellation);
        using (cluster)
        using (admin)
        {
            ConfigDump? dump = null;
            if (admin is not null)
            {
                (dump, error) = await admin.DumpAsync(cancellation);
            }

            if (dump is null)
            {
                complaints.WriteLine("error: " + error);
            }

            return (dump, dump is null ? ExitCodes.Unreachable : ExitCodes.Good);
        }
    }

    private static Command Log()
    {
        var source = new SourceOptions();
        var levels = new LogLevelOptions();
        var command = new Command("log", "Levels of a ztunnel's log: shows them, or changes them while it runs.");
        levels.AddTo(command);
        source.AddTo(command);
        command.SetAction((parsed, cancellation) => levels.RunAsync(parsed, source.File(parsed) is not null, "ztunnel", () => source.OpenAsync(parsed, cancellation), cancellation));
        return command;
    }
}

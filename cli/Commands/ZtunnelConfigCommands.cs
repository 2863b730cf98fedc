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
            try
            {
                if (ConfigDump.TryParse(await File.ReadAllBytesAsync(file, cancellation), out ConfigDump? read, out string? unreadable))
                {
                    return (read, ExitCodes.Good);
                }

                complaints.WriteLine($"error: {file} {unreadable}");
                return (null, ExitCodes.Usage);
            }
            catch (Exception missing) when (missing is IOException or UnauthorizedAccessException)
            {
                complaints.WriteLine("error: " + missing.Message);
                return (null, ExitCodes.Usage);
            }
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
        var level = new Option<string?>("--level") { Description = "Levels to set: debug, or access=debug,ztunnel::admin=info." };
        var reset = new Option<bool>("--reset", "-r") { Description = "Back to what it was started with, before --level." };
        var command = new Command("log", "Levels of a ztunnel's log: shows them, or changes them while it runs.") { level, reset };
        source.AddTo(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            if (source.File(parsed) is not null)
            {
                parsed.InvocationConfiguration.Error.WriteLine("error: a file has no levels: name a ztunnel");
                return ExitCodes.Usage;
            }

            string[] query = [.. new[] { parsed.GetValue(level) is { } levels ? "level=" + Uri.EscapeDataString(levels) : "", parsed.GetValue(reset) ? "reset=true" : "" }.Where(static p => p.Length > 0)];
            (AdminPort? admin, ClusterAccess? cluster, string? error) = await source.OpenAsync(parsed, cancellation);
            using (cluster)
            using (admin)
            {
                string? text = null;
                if (admin is not null)
                {
                    (text, error) = await admin.LoggingAsync(query.Length == 0 ? "" : "?" + string.Join('&', query), cancellation);
                }

                if (text is null)
                {
                    parsed.InvocationConfiguration.Error.WriteLine("error: " + error);
                    return error!.Contains(" answers 4", StringComparison.Ordinal) ? ExitCodes.Usage : ExitCodes.Unreachable;
                }

                parsed.InvocationConfiguration.Output.WriteLine($"{admin!.Name}: {text}");
                return ExitCodes.Good;
            }
        });
        return command;
    }
}

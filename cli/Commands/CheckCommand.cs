using System.CommandLine;
using System.Text.Json;
using Ambient.Cli.Dumps;
using Ambient.Cli.Meshes;
using Ambient.Cli.Output;
using Ambient.Cli.Sources;

namespace Ambient.Cli.Commands;

/// <summary><c>ambientctl check</c>: is everything where it should be?</summary>
internal static class CheckCommand
{
    /// <summary>The command.</summary>
    public static Command Build()
    {
        var source = new SourceOptions();
        Option<string> output = OutputOption.Make();
        var command = new Command("check", "Checks the mesh of a cluster; with --file, --admin or --sandbox one ztunnel. Each line: what was checked, what was seen, what to do.") { output };
        source.AddTo(command, hasPod: false);
        command.SetAction(async (parsed, cancellation) =>
        {
            (IReadOnlyList<CheckLine>? lines, int code) = source.IsOneZtunnel(parsed) ? await OfZtunnelAsync(source, parsed, cancellation) : await OfClusterAsync(source, parsed, cancellation);
            if (lines is null)
            {
                return code;
            }

            Write(parsed, lines, parsed.Format(output));
            return lines.Any(static l => l.Outcome == CheckOutcome.Failed) ? ExitCodes.Finding : ExitCodes.Good;
        });
        return command;
    }

    private static async Task<(IReadOnlyList<CheckLine>? Lines, int Code)> OfZtunnelAsync(SourceOptions source, ParseResult parsed, CancellationToken cancellation)
    {
        (ConfigDump? dump, int code) = await ZtunnelConfigCommands.DumpAsync(source, parsed, cancellation);
        return (dump is null ? null : DumpChecks.Of(dump, source.File(parsed) ?? "asked now", TimeProvider.System.GetUtcNow()), code);
    }

    private static async Task<(IReadOnlyList<CheckLine>? Lines, int Code)> OfClusterAsync(SourceOptions source, ParseResult parsed, CancellationToken cancellation)
    {
        using ClusterAccess? cluster = source.Cluster(parsed, out string? error);
        MeshFacts? facts = null;
        if (cluster is not null)
        {
            (facts, error) = await new FactsReader(cluster, source.Namespace(parsed)).ReadAsync(cancellation);
        }

        if (facts is null)
        {
            parsed.InvocationConfiguration.Error.WriteLine("error: " + error);
            return (null, ExitCodes.Unreachable);
        }

        return (MeshChecks.Of(facts), ExitCodes.Good);
    }

    private static void Write(ParseResult parsed, IReadOnlyList<CheckLine> lines, OutputFormat format)
    {
        TextWriter output = parsed.InvocationConfiguration.Output;
        if (format != OutputFormat.Table)
        {
            new Answer(new Table(), Data(lines)).WriteTo(output, format);
            return;
        }

        bool hasColour = Colour.IsWanted(output);
        foreach (CheckLine line in lines)
        {
            string mark = line.Outcome switch { CheckOutcome.Good => Colour.Green("ok  ", hasColour), CheckOutcome.Warning => Colour.Yellow("warn", hasColour), _ => Colour.Red("FAIL", hasColour) };
            output.WriteLine($"{mark}  {line.What}: {line.Evidence}");
            if (line.Remedy.Length > 0)
            {
                output.WriteLine("      -> " + line.Remedy);
            }
        }

        int failed = lines.Count(static l => l.Outcome == CheckOutcome.Failed), warnings = lines.Count(static l => l.Outcome == CheckOutcome.Warning);
        output.WriteLine($"\n{lines.Count - failed - warnings} ok, {warnings} warnings, {failed} failed");
    }

    private static JsonElement Data(IReadOnlyList<CheckLine> lines) => Answer.Build(json =>
    {
        json.WriteStartArray();
        foreach (CheckLine line in lines)
        {
            json.WriteStartObject();
            json.WriteString("outcome", line.Outcome.ToString());
            json.WriteString("what", line.What);
            json.WriteString("evidence", line.Evidence);
            json.WriteString("remedy", line.Remedy);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    });
}

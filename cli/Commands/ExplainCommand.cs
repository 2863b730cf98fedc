using System.CommandLine;
using Ambient.Cli.Dumps;
using Ambient.Cli.Explaining;
using Ambient.Cli.Output;
using Ambient.Cli.Sources;
using Ambient.Mesh.Views;

namespace Ambient.Cli.Commands;

/// <summary><c>ambientctl explain --from --to [--port]</c>: what becomes of a connection, and who decides it.</summary>
internal static class ExplainCommand
{
    /// <summary>The command.</summary>
    public static Command Build()
    {
        var source = new SourceOptions();
        Option<string> output = OutputOption.Make();
        var from = new Option<string>("--from") { Description = "Who connects: namespace/pod, pod.namespace, an address or a uid.", Required = true };
        var to = new Option<string>("--to") { Description = "Where to: a service (host name, namespace/name, name.namespace), a pod or an address.", Required = true };
        var port = new Option<int?>("--port") { Description = "The port that is dialled; not needed for a service that has one." };
        var command = new Command("explain", "Which proxies a connection meets, and which rule decides: asked of the proxies' own engine, nothing is sent.") { from, to, port, output };
        source.AddTo(command, hasPod: false);
        command.SetAction(async (parsed, cancellation) =>
        {
            (ConfigDump? dump, int code) = await ZtunnelConfigCommands.DumpAsync(source, parsed, cancellation);
            if (dump is null)
            {
                return code;
            }

            List<string> problems = [];
            MeshView view = MeshOfDump.Build(dump, problems);
            foreach (string problem in problems)
            {
                parsed.InvocationConfiguration.Error.WriteLine("warning: " + problem);
            }

            if (new Explainer(view, dump.Network).Explain(parsed.GetValue(from)!, parsed.GetValue(to)!, parsed.GetValue(port), out string? error) is not { } explanation)
            {
                parsed.InvocationConfiguration.Error.WriteLine("error: " + error);
                return ExitCodes.Usage;
            }

            OutputFormat format = parsed.Format(output);
            if (format == OutputFormat.Table)
            {
                explanation.WriteTo(parsed.InvocationConfiguration.Output);
            }
            else
            {
                new Answer(new Table(), explanation.ToJson()).WriteTo(parsed.InvocationConfiguration.Output, format);
            }

            return explanation.IsAllowed ? ExitCodes.Good : ExitCodes.Finding;
        });
        return command;
    }
}

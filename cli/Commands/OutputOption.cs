using System.CommandLine;
using Ambient.Cli.Output;

namespace Ambient.Cli.Commands;

/// <summary><c>-o table|json|yaml</c>.</summary>
internal static class OutputOption
{
    /// <summary>The option, for one command.</summary>
    public static Option<string> Make()
    {
        var option = new Option<string>("--output", "-o") { Description = "table, json or yaml.", DefaultValueFactory = static _ => "table" };
        option.AcceptOnlyFromAmong("table", "json", "yaml");
        return option;
    }

    /// <summary>What it says.</summary>
    public static OutputFormat Format(this ParseResult parsed, Option<string> option) => parsed.GetValue(option) switch
    {
        "json" => OutputFormat.Json,
        "yaml" => OutputFormat.Yaml,
        _ => OutputFormat.Table,
    };
}

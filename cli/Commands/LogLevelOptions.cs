using System.CommandLine;
using Ambient.Cli.Sources;

namespace Ambient.Cli.Commands;

/// <summary>Shows and changes the log levels of a proxy: what its <c>log</c> commands share. Immutable once its command is built.</summary>
internal sealed class LogLevelOptions
{
    private readonly Option<string?> _level = new("--level") { Description = "Levels to set: debug, or access=debug,ztunnel::admin=info." };
    private readonly Option<bool> _reset = new("--reset", "-r") { Description = "Back to what it was started with, before --level." };

    /// <summary>Adds the options.</summary>
    public void AddTo(Command command)
    {
        command.Options.Add(_level);
        command.Options.Add(_reset);
    }

    /// <summary>Asks the proxy that <paramref name="open"/> finds; the exit code.</summary>
    public async Task<int> RunAsync(ParseResult parsed, bool isFile, string proxy, Func<Task<(AdminPort? Admin, ClusterAccess? Cluster, string? Error)>> open, CancellationToken cancellation)
    {
        if (isFile)
        {
            parsed.InvocationConfiguration.Error.WriteLine($"error: a file has no levels: name a {proxy}");
            return ExitCodes.Usage;
        }

        string[] query = [.. new[] { parsed.GetValue(_level) is { } levels ? "level=" + Uri.EscapeDataString(levels) : "", parsed.GetValue(_reset) ? "reset=true" : "" }.Where(static p => p.Length > 0)];
        (AdminPort? admin, ClusterAccess? cluster, string? error) = await open();
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
    }
}

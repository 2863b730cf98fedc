using Ambient.Cli.Dumps;

namespace Ambient.Cli.Sources;

/// <summary>A config_dump that was saved. Stateless.</summary>
internal static class DumpFile
{
    /// <summary>Reads it; null with the reason.</summary>
    public static async Task<(ConfigDump? Dump, string? Error)> ReadAsync(string file, CancellationToken cancellation)
    {
        try
        {
            return ConfigDump.TryParse(await File.ReadAllBytesAsync(file, cancellation), out ConfigDump? read, out string? unreadable) ? (read, null) : (null, $"{file} {unreadable}");
        }
        catch (Exception missing) when (missing is IOException or UnauthorizedAccessException)
        {
            return (null, missing.Message);
        }
    }
}

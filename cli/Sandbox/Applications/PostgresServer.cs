using System.Globalization;
using Ambient.Topology.Networks;
using Ambient.Topology.Processes;

namespace Ambient.Cli.Sandbox.Applications;

/// <summary>PostgreSQL in a directory of its own, run by its own account: a server that speaks first, with sessions that last. One named replica only reads.</summary>
internal sealed class PostgresServer(string name) : SandboxApplication(5432)
{
    private const string Account = "postgres";

    /// <summary>The newest installed version's programs; null when there is none.</summary>
    public static string? FindPrograms()
    {
        const string root = "/usr/lib/postgresql";
        return Directory.Exists(root)
            ? Directory.EnumerateDirectories(root)
                .Select(d => (Path: Path.Combine(d, "bin"), Version: int.TryParse(Path.GetFileName(d), NumberStyles.None, CultureInfo.InvariantCulture, out int v) ? v : 0))
                .Where(d => File.Exists(Path.Combine(d.Path, "initdb")))
                .OrderByDescending(d => d.Version)
                .Select(d => d.Path)
                .FirstOrDefault()
            : null;
    }

    /// <inheritdoc/>
    protected override async Task<ProcessPlan> PrepareAsync(VirtualPod pod, string directory, CancellationToken cancellation)
    {
        string programs = FindPrograms() ?? throw new InvalidOperationException("PostgreSQL is not installed (package postgresql)");
        string data = Path.Combine(directory, "data");
        (await Command.RunAsync("chown", [Account, directory])).OrThrow();
        (await Command.RunAsync("setpriv", ["--reuid=" + Account, "--regid=" + Account, "--init-groups", "--", Path.Combine(programs, "initdb"), "-D", data, "-U", Account, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"])).OrThrow();
        await File.AppendAllTextAsync(Path.Combine(data, "pg_hba.conf"), "host all all all trust\n", cancellation);
        return new ProcessPlan("postgres", Path.Combine(programs, "postgres"), "-D", data, "-p", Port.ToString(CultureInfo.InvariantCulture), "-c", "listen_addresses=*", "-c", "unix_socket_directories=", "-c", "fsync=off", "-c", "shared_buffers=16MB", "-c", "dynamic_shared_memory_type=mmap", "-c", "cluster_name=" + name, "-c", "default_transaction_read_only=" + (name == "replica" ? "on" : "off"))
        {
            NamespaceName = pod.NamespaceName,
            LogPath = Path.Combine(directory, "postgres.log"),
            User = Account,
        };
    }
}

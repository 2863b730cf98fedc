using Ambient.Cni.Agent.Installation;
using Ambient.Testing.Facts;
using Ambient.Topology.Processes;

namespace Ambient.Component.Tests.NodeAgents;

/// <summary>CNI folders that cannot be written: what was there stays whole, the reason is told, and it goes well when the folder can be written again.</summary>
public sealed class InstallationFaultTests : IDisposable
{
    private const string Primary = """{"cniVersion":"1.0.0","name":"net","plugins":[{"type":"bridge"}]}""";
    private readonly string _folder = Directory.CreateTempSubdirectory("ambt-cni-").FullName;

    public void Dispose()
    {
        Command.Run("umount", ["-l", _folder]);
        Directory.Delete(_folder, recursive: true);
    }

    [RequiresRootTheory("mount")]
    [InlineData(true)]
    [InlineData(false)]
    public void FullDisk_LeavesTheOldFileWhole_AndIsHealedWhenThereIsRoom(bool chain)
    {
        Mount("size=32k");
        File.WriteAllText(Path.Combine(_folder, "10-net.conflist"), Primary);
        string filler = Path.Combine(_folder, "filler");
        FillUp(filler);
        Installation installation = Installation(chain);
        (string? error, string result) = installation.Install();
        Assert.Equal("CREATE_CNI_CONFIG_FAILURE", result);
        Assert.Contains("cannot be written", error, StringComparison.Ordinal);
        Assert.NotNull(installation.Check());
        Assert.Equal(Primary, File.ReadAllText(Path.Combine(_folder, "10-net.conflist")));
        Assert.Equal(["10-net.conflist", "filler"], Names());

        File.Delete(filler);
        Assert.Equal((null, "SUCCESS"), installation.Install());
        Assert.Null(installation.Check());
    }

    [RequiresRootTheory("mount")]
    [InlineData(true)]
    [InlineData(false)]
    public void ReadOnlyFolder_IsTold_AndInstalledIntoWhenItCanBeWritten(bool chain)
    {
        Mount("size=1m");
        File.WriteAllText(Path.Combine(_folder, "10-net.conflist"), Primary);
        Command.Run("mount", ["-o", "remount,ro", _folder]).OrThrow();
        Installation installation = Installation(chain);
        (string? error, string result) = installation.Install();
        Assert.Equal("CREATE_CNI_CONFIG_FAILURE", result);
        Assert.Contains("cannot be written: ", error, StringComparison.Ordinal);
        Assert.Contains("Read-only file system", error, StringComparison.Ordinal);
        Assert.Equal(["10-net.conflist"], Names());

        Command.Run("mount", ["-o", "remount,rw", _folder]).OrThrow();
        Assert.Equal((null, "SUCCESS"), installation.Install());

        // What cannot be taken away is told as well: a configuration that names us stays usable.
        Command.Run("mount", ["-o", "remount,ro", _folder]).OrThrow();
        Assert.Contains("cannot be cleaned up", installation.Remove(), StringComparison.Ordinal);
        Assert.Null(installation.Check());
    }

    [RequiresRootTheory("mount")]
    [InlineData("size=32k", "")]
    [InlineData("size=1m", "remount,ro")]
    public void PluginThatCannotBeCopied_LeavesTheConfigurationAlone(string options, string afterwards)
    {
        Mount(options);
        string bin = Directory.CreateDirectory(Path.Combine(_folder, "bin")).FullName, net = Directory.CreateDirectory(Path.Combine(_folder, "net")).FullName;
        File.WriteAllText(Path.Combine(net, "10-net.conflist"), Primary);
        if (afterwards.Length > 0)
        {
            Command.Run("mount", ["-o", afterwards, _folder]).OrThrow();
        }

        // A list that names a plugin which is not there would keep every pod of the node from starting, and from ending.
        var installation = new Installation(new InstallerOptions(net, "/run") { BinFolder = bin, PluginBinary = typeof(InstallationFaultTests).Assembly.Location });
        (string? error, string result) = installation.Install();
        Assert.Equal("COPY_BINARIES_FAILURE", result);
        Assert.Contains("the plugin cannot be copied", error, StringComparison.Ordinal);
        Assert.Equal(["10-net.conflist"], Directory.EnumerateFiles(net).Select(Path.GetFileName));
        Assert.Empty(Directory.EnumerateFiles(bin));
    }

    private static void FillUp(string file)
    {
        using var filler = new FileStream(file, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        byte[] page = new byte[4096];
        try
        {
            while (true)
            {
                filler.Write(page);
            }
        }
        catch (IOException)
        {
            // Full.
        }
    }

    private void Mount(string options) => Command.Run("mount", ["-t", "tmpfs", "-o", options, "tmpfs", _folder]).OrThrow();

    private string[] Names() => [.. Directory.EnumerateFiles(_folder).Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal)];

    private Installation Installation(bool chain) => new(new InstallerOptions(_folder, "/var/run/istio-cni") { ChainIntoPrimary = chain });
}

using System.Text.Json.Nodes;
using Ambient.Cni.Agent.Installation;
using Ambient.Telemetry.Logging;
using Ambient.Testing.Waiting;
using Pass = Ambient.Cni.Agent.Installation.Installation;

namespace Ambient.Cni.Agent.Tests.Installation;

public sealed class InstallationTests : IDisposable
{
    private const string Bridge = """{"cniVersion":"0.3.1","name":"b","type":"bridge","ipam":{"type":"host-local"}}""";
    private const string List = """{"name":"k8s","cniVersion":"1.0.0","plugins":[{"type":"bridge"},{"type":"tuning","sysctl":{}}]}""";
    private readonly string _folder = Directory.CreateTempSubdirectory("ambient-cni-").FullName;

    private string Conf => Path.Combine(_folder, "net.d");

    private string Bin => Path.Combine(_folder, "bin");

    public InstallationTests()
    {
        Directory.CreateDirectory(Conf);
        Directory.CreateDirectory(Bin);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    [Trait("behaviour", "CNI-54")]
    [Trait("behaviour", "CNI-79")]
    [Trait("behaviour", "CNI-82")]
    public void OwnFile_IsTheFirst_FollowsThePrimary_AndGoes()
    {
        Write("10-list.conflist", List);
        Pass pass = WithPlugin();
        Assert.Contains("is not there", pass.Check(), StringComparison.Ordinal);
        Assert.Equal((null, "SUCCESS"), pass.Install());
        Assert.Null(pass.Check());
        Assert.Equal(List, Read("10-list.conflist"));
        Assert.Equal(["bridge", "tuning", "ambient-cni"], Types("00-ambient-cni.conflist"));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(Conf, "00-ambient-cni.conflist")));

        // Other parameters of the primary are noticed, not only other plugins.
        Write("10-list.conflist", List.Replace("\"sysctl\":{}", "\"sysctl\":{\"a\":\"1\"}", StringComparison.Ordinal));
        Assert.NotNull(pass.Check());
        pass.Install();
        Assert.Null(pass.Check());
        Assert.Contains("\"a\": \"1\"", Read("00-ambient-cni.conflist"), StringComparison.Ordinal);
        Assert.Null(pass.Remove());
        Assert.Equal(["10-list.conflist"], Files());
        Assert.Empty(Directory.EnumerateFileSystemEntries(Bin));
    }

    [Fact]
    public void FileThatSortsBeforeOurs_IsNamed()
    {
        Write("10-list.conflist", List);
        Pass pass = Own();
        pass.Install();
        Write("00-aaa.conflist", List);
        pass.Install();
        Assert.Contains("00-aaa.conflist sorts before", pass.Check(), StringComparison.Ordinal);
    }

    [Fact]
    [Trait("behaviour", "CNI-57")]
    [Trait("behaviour", "CNI-75")]
    [Trait("behaviour", "CNI-76")]
    [Trait("behaviour", "CNI-81")]
    [Trait("behaviour", "CNI-89")]
    public void ChainedEntry_IsLastAndOnce_AndCleanUpLeavesTheRest()
    {
        Write("10-list.conflist", List);
        Pass pass = WithPlugin(chained: true);
        Assert.Null(pass.Install().Error);
        Assert.Null(pass.Install().Error);
        Assert.Null(pass.Check());
        Assert.Equal(["bridge", "tuning", "ambient-cni"], Types("10-list.conflist"));
        Assert.Null(pass.Remove());
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(List), JsonNode.Parse(Read("10-list.conflist"))));
        Assert.Empty(Directory.EnumerateFileSystemEntries(Bin));
        Assert.NotNull(pass.Check());
    }

    [Fact]
    [Trait("behaviour", "CNI-67")]
    [Trait("behaviour", "CNI-78")]
    public void SinglePlugin_BecomesAList_AndItsFileIsRenamed()
    {
        Write("bridge.conf", Bridge);
        Write("list.conflist", List);
        Assert.Null(Chained().Install().Error);
        Assert.Equal(["bridge.conflist", "list.conflist"], Files());
        JsonNode list = JsonNode.Parse(Read("bridge.conflist"))!;
        // Address plugins keep their leases by the list's name.
        Assert.Equal(("0.3.1", "b"), ((string?)list["cniVersion"], (string?)list["name"]));
        Assert.Null(list["plugins"]![0]!["cniVersion"]);
        Assert.Null(Chained().Check());
    }

    [Theory]
    [InlineData("00-x.conflist", "[]")]
    [InlineData("00-x.conflist", "{}")]
    [InlineData("00-x.conflist", "not json")]
    [InlineData("00-x.conflist", """{"name":"x","plugins":[]}""")]
    [InlineData("00-x.conflist", """{"name":"x","plugins":[1]}""")]
    [InlineData("00-x.conf", """{"name":"x"}""")]
    [InlineData("00-x.conf", "")]
    [InlineData("00-x.file", List)]
    [Trait("behaviour", "CNI-65")]
    [Trait("behaviour", "CNI-91")]
    public void UnusableCandidates_AreSkipped(string name, string text)
    {
        Write(name, text);
        Assert.Contains("waiting for the primary CNI", Chained().Install().Error, StringComparison.Ordinal);
        Assert.Equal([name], Files());
        Write("10-list.conflist", List);
        Assert.Null(Chained().Install().Error);
        Assert.Equal(text, Read(name));
    }

    [Theory]
    [InlineData("list.conf", "list.conflist", null)]
    [InlineData("list.conflist", "list.conflist", null)]
    [InlineData("other.conflist", "list.conflist", "waiting for other.conflist")]
    [Trait("behaviour", "CNI-70")]
    [Trait("behaviour", "CNI-72")]
    public void NamedPrimary_IsTakenUnderEitherSuffix_OrWaitedFor(string named, string present, string? error)
    {
        Write(present, List);
        (string? failed, _) = new Pass(new InstallerOptions(Conf, "/run/x") { ChainIntoPrimary = true, PrimaryFileName = named }).Install();
        Assert.True(error is null ? failed is null : failed!.Contains(error, StringComparison.Ordinal), failed);
    }

    [Fact]
    [Trait("behaviour", "CNI-50")]
    public void NamedPrimary_ThatIsNoConfiguration_IsAnError()
    {
        Write("list.conflist", "[]");
        Assert.Contains("list.conflist: not a JSON object", new Pass(new InstallerOptions(Conf, "/run/x") { PrimaryFileName = "list.conflist" }).Check(), StringComparison.Ordinal);
    }

    [Fact]
    [Trait("behaviour", "CNI-87")]
    [Trait("behaviour", "CNI-88")]
    [Trait("behaviour", "CNI-95")]
    public void Plugin_IsCopied_LeftoversAreSwept_AndItStaysWhileSomethingNamesIt()
    {
        string source = Path.Combine(_folder, "plugin");
        File.WriteAllText(source, "new");
        File.SetUnixFileMode(source, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        File.WriteAllText(Path.Combine(Bin, "ambient-cni"), "old");
        File.WriteAllText(Path.Combine(Bin, "ambient-cni.tmp.4977877"), "");
        File.WriteAllText(Path.Combine(Bin, "ambient-cni.tmp.x"), "");
        Write("10-list.conflist", List);
        InstallerOptions options = new(Conf, "/run/x") { BinFolder = Bin, PluginBinary = source };
        var pass = new Pass(options);
        Assert.Null(pass.Install().Error);
        Assert.Equal("new", File.ReadAllText(Path.Combine(Bin, "ambient-cni")));
        Assert.Equal(["ambient-cni", "ambient-cni.tmp.x"], Directory.EnumerateFiles(Bin).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Write("99-else.conf", """{"type":"ambient-cni","name":"z"}""");
        Assert.Null(pass.Remove());
        Assert.True(File.Exists(Path.Combine(Bin, "ambient-cni")));
        File.Delete(Path.Combine(Conf, "99-else.conf"));
        Assert.Null(pass.Remove());
        Assert.False(File.Exists(Path.Combine(Bin, "ambient-cni")));
    }

    [Theory]
    [InlineData("gone", "is not there")]
    [InlineData("other", "is not the agent's plugin")]
    [InlineData("mode", "is not the agent's plugin")]
    public void Plugin_ThatSomebodyBroke_IsNoticed_AndPutBack(string how, string said)
    {
        string target = Path.Combine(Bin, "ambient-cni");
        Write("10-list.conflist", List);
        Pass pass = WithPlugin();
        Assert.Null(pass.Install().Error);
        Assert.Null(pass.Check());
        switch (how)
        {
            case "gone":
                File.Delete(target);
                break;
            case "other":
                File.WriteAllText(target, "else");
                break;
            default:
                File.SetUnixFileMode(target, UnixFileMode.UserRead);
                break;
        }

        Assert.Contains(said, pass.Check(), StringComparison.Ordinal);
        Assert.Contains(said, WithPlugin().Check(), StringComparison.Ordinal);
        Assert.Null(pass.Install().Error);
        Assert.Null(pass.Check());
        Assert.Equal("plugin", File.ReadAllText(target));
        Assert.True(File.GetUnixFileMode(target).HasFlag(UnixFileMode.UserExecute));
    }

    [Fact]
    public void Plugin_ThatIsAsItShouldBe_IsNotWrittenAgain()
    {
        Write("10-list.conflist", List);
        Assert.Null(WithPlugin().Install().Error);
        DateTime written = File.GetLastWriteTimeUtc(Path.Combine(Bin, "ambient-cni"));
        Assert.Null(WithPlugin().Install().Error);
        Assert.Equal(written, File.GetLastWriteTimeUtc(Path.Combine(Bin, "ambient-cni")));
    }

    [Fact]
    public void OwnFileOfEarlierSettings_IsNobodysPrimary_AndGoes()
    {
        Write("10-list.conflist", List);
        Assert.Null(Own().Install().Error);
        Pass chained = Chained();
        Assert.NotNull(chained.Check());
        Assert.Null(chained.Install().Error);
        Assert.Null(chained.Check());
        Assert.Equal(["10-list.conflist"], Files());
        Assert.Equal(["bridge", "tuning", "ambient-cni"], Types("10-list.conflist"));

        Pass renamed = new(new InstallerOptions(Conf, "/run/x") { OwnFileName = "01-other.conflist" });
        Assert.Null(Own().Install().Error);
        Assert.Contains("from earlier settings", Remaining(renamed), StringComparison.Ordinal);
        Assert.Null(renamed.Install().Error);
        Assert.Null(renamed.Check());
        Assert.Equal(["01-other.conflist", "10-list.conflist"], Files());
        Assert.Null(Chained().Remove());
        Assert.Equal(["10-list.conflist"], Files());
        Assert.DoesNotContain("ambient-cni", Read("10-list.conflist"), StringComparison.Ordinal);
    }

    [Fact]
    public void Status_MayWaitForTheAgent_WhereThatIsOnTheNodesNetwork()
    {
        Write("10-list.conflist", List);
        Pass pass = new(new InstallerOptions(Conf, "/run/x") { IsAgentOnHostNetwork = true });
        Assert.Null(pass.Install().Error);
        Assert.Contains("\"agent_on_host_network\": true", Read("00-ambient-cni.conflist"), StringComparison.Ordinal);
        Assert.NotNull(Own().Check());
    }

    [Fact]
    public void FolderThatIsNotThere_OrNoPlugin_IsAnErrorInWords()
    {
        Assert.Contains("does not exist", new Pass(new InstallerOptions(Path.Combine(_folder, "nowhere"), "/run/x")).Install().Error, StringComparison.Ordinal);
        Assert.Equal("COPY_BINARIES_FAILURE", new Pass(new InstallerOptions(Conf, "/run/x") { BinFolder = Bin, PluginBinary = "/nowhere" }).Install().Result);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [Trait("behaviour", "CNI-69")]
    [Trait("behaviour", "CNI-208")]
    public async Task Installer_InAWrongFolder_IsNeverReady_UntilItIsThere_AndEndsWhenTold(bool corrected)
    {
        using var log = LogHub.Discarding();
        using var end = new CancellationTokenSource();
        string folder = Path.Combine(_folder, "later");
        var installer = new Installer(new InstallerOptions(folder, "/run/x"), null, TimeProvider.System, log.For("test"));
        Task running = installer.RunAsync(end.Token);
        await Eventually.TrueAsync(() => installer.Obstacle?.Contains("does not exist", StringComparison.Ordinal) == true);
        if (corrected)
        {
            Directory.CreateDirectory(folder);
            File.WriteAllText(Path.Combine(folder, "10-list.conflist"), List);
            await Eventually.TrueAsync(() => installer.Obstacle is null, TimeSpan.FromSeconds(30));
        }

        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        Assert.True(corrected || installer.Obstacle is not null);
    }

    [Fact]
    [Trait("behaviour", "CNI-60")]
    [Trait("behaviour", "CNI-61")]
    [Trait("behaviour", "CNI-63")]
    [Trait("behaviour", "CNI-64")]
    [Trait("behaviour", "CNI-68")]
    [Trait("behaviour", "CNI-92")]
    [Trait("behaviour", "CNI-89")]
    public async Task Installer_WaitsForThePrimary_AndHealsWhatIsOverwritten()
    {
        using var log = LogHub.Discarding();
        using var end = new CancellationTokenSource();
        var installer = new Installer(new InstallerOptions(Conf, "/run/x"), null, TimeProvider.System, log.For("test"));
        Task running = installer.RunAsync(end.Token);
        await Eventually.TrueAsync(() => installer.Obstacle?.Contains("waiting", StringComparison.Ordinal) == true);
        Write("10-list.conflist", List);
        await Eventually.TrueAsync(() => installer.Obstacle is null);
        File.Delete(Path.Combine(Conf, "00-ambient-cni.conflist"));
        await Eventually.TrueAsync(() => File.Exists(Path.Combine(Conf, "00-ambient-cni.conflist")));
        File.WriteAllText(Path.Combine(Conf, "00-ambient-cni.conflist"), List);
        await Eventually.TrueAsync(() => Types("00-ambient-cni.conflist").Contains("ambient-cni"));
        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    [Fact]
    public void MutatedConfigurations_NeverThrow()
    {
        JsonObject entry = new() { ["type"] = Conflist.PluginType };
        for (int seed = 0; seed < 3000; seed++)
        {
            var random = new Random(seed);
            char[] text = (seed % 2 == 0 ? List : Bridge).ToCharArray();
            for (int i = 0; i < 1 + random.Next(3); i++)
            {
                text[random.Next(text.Length)] = "{}[]\",:0a\\"[random.Next(10)];
            }

            string mutated = new(text);
            Conflist.IsUsable(mutated, isList: true, out _);
            Conflist.TryRemove(mutated, out _, out _);
            Conflist.Names(mutated);
            if (Conflist.TryAdd(mutated, entry, out string? result, out _))
            {
                Assert.True(Conflist.Names(result!), $"seed {seed}");
            }
        }
    }

    /// <summary>What is wrong once the new file is there and the old one not yet gone.</summary>
    private string? Remaining(Pass renamed)
    {
        string old = Read("00-ambient-cni.conflist");
        Assert.Null(renamed.Install().Error);
        Write("00-ambient-cni.conflist", old);
        return renamed.Check();
    }

    private Pass WithPlugin(bool chained = false)
    {
        string source = Path.Combine(_folder, "plugin");
        if (!File.Exists(source))
        {
            File.WriteAllText(source, "plugin");
            File.SetUnixFileMode(source, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        }

        return new Pass(new InstallerOptions(Conf, "/run/x") { BinFolder = Bin, PluginBinary = source, ChainIntoPrimary = chained });
    }

    private Pass Own() => new(new InstallerOptions(Conf, "/run/x"));

    private Pass Chained() => new(new InstallerOptions(Conf, "/run/x") { ChainIntoPrimary = true });

    private void Write(string name, string text) => File.WriteAllText(Path.Combine(Conf, name), text);

    private string Read(string name) => File.ReadAllText(Path.Combine(Conf, name));

    private IEnumerable<string?> Files() => Directory.EnumerateFiles(Conf).Select(Path.GetFileName).Order(StringComparer.Ordinal);

    private IEnumerable<string?> Types(string name)
    {
        try
        {
            return [.. JsonNode.Parse(Read(name))!["plugins"]!.AsArray().Select(p => (string?)p!["type"])];
        }
        catch (IOException)
        {
            return [];
        }
    }
}

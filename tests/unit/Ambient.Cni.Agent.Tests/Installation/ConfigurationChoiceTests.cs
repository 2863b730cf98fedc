using Ambient.Cni.Agent.Installation;
using Pass = Ambient.Cni.Agent.Installation.Installation;

namespace Ambient.Cni.Agent.Tests.Installation;

/// <summary>Which file counts, and when what is there is as it should be.</summary>
public sealed class ConfigurationChoiceTests : IDisposable
{
    private const string Single = """{"cniVersion":"0.3.1","name":"b","type":"bridge"}""";
    private const string List = """{"name":"k8s","cniVersion":"1.0.0","plugins":[{"type":"calico"},{"type":"portmap"}]}""";
    private readonly string _folder = Directory.CreateTempSubdirectory("ambient-cni-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [Trait("behaviour", "CNI-48")]
    [Trait("behaviour", "CNI-49")]
    [InlineData(null, false)]
    [InlineData("list.conflist", true)]
    public void FileThatSortsFirst_Preempts_UnlessAnotherWasNamed(string? named, bool valid)
    {
        Write("list.conflist", List);
        Assert.Null(Shared().Install().Error);
        Write("bridge.conf", Single);
        Assert.Equal(valid, Shared(named).Check() is null);
    }

    [Fact]
    [Trait("behaviour", "CNI-51")]
    [Trait("behaviour", "CNI-52")]
    [Trait("behaviour", "CNI-53")]
    [Trait("behaviour", "CNI-55")]
    [Trait("behaviour", "CNI-56")]
    public void OwnFile_MustBeThere_HoldOurEntry_AndBearItsName()
    {
        Write("list.conflist", List);
        Pass own = new(new InstallerOptions(_folder, "/run/x") { OwnFileName = "01-istio-conf.conflist", PrimaryFileName = "list.conflist" });
        Assert.NotNull(own.Check());
        Assert.NotNull(Shared().Check());
        Assert.Null(own.Install().Error);
        Assert.Null(own.Check());
        Write("01-istio-conf.conflist", List);
        Assert.NotNull(own.Check());
        File.Delete(Path.Combine(_folder, "01-istio-conf.conflist"));
        Assert.NotNull(own.Check());

        // The primary with our entry is no own file.
        Assert.Null(Shared().Install().Error);
        Assert.NotNull(own.Check());
    }

    [Theory]
    [Trait("behaviour", "CNI-66")]
    [Trait("behaviour", "CNI-71")]
    [Trait("behaviour", "CNI-90")]
    [Trait("behaviour", "CNI-93")]
    [InlineData("10-a.conf", "20-b.conflist", null, "10-a.conflist")]
    [InlineData("10-a.conflist", "20-b.conf", null, "10-a.conflist")]
    [InlineData("bridge.conf", "zz.conflist", "bridge.conflist", "bridge.conflist")]
    [InlineData("00-calico.conflist", "zz.conf", "00-calico.conf", "00-calico.conflist")]
    [InlineData("10-a.conf", "20-b.conflist", "20-b.conflist", "20-b.conflist")]
    public void FirstInOrder_OrWhatWasNamed_UnderEitherSuffix(string first, string second, string? named, string written)
    {
        Write(first, first.EndsWith("list", StringComparison.Ordinal) ? List : Single);
        Write(second, second.EndsWith("list", StringComparison.Ordinal) ? List : Single);
        Assert.Null(Shared(named).Install().Error);
        Assert.Equal([written], Directory.GetFiles(_folder).Where(f => File.ReadAllText(f).Contains("ambient-cni", StringComparison.Ordinal)).Select(Path.GetFileName));
    }

    [Theory]
    [Trait("behaviour", "CNI-77")]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("""{"plugins":{}}""")]
    public void ContentWithoutPlugins_IsRefused_AndLeftAsItIs(string text)
    {
        Write("a.conflist", text);
        Assert.NotNull(Shared("a.conflist").Install().Error);
        Assert.Equal(text, File.ReadAllText(Path.Combine(_folder, "a.conflist")));
    }

    [Fact]
    [Trait("behaviour", "CNI-80")]
    public void OwnFile_WithoutAPrimary_WritesNothing()
    {
        Pass own = new(new InstallerOptions(_folder, "/run/x"));
        Assert.Contains("waiting for the primary CNI", own.Install().Error, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(_folder));
    }

    [Theory]
    [Trait("behaviour", "CNI-58")]
    [Trait("behaviour", "CNI-59")]
    [Trait("behaviour", "CNI-73")]
    [Trait("behaviour", "CNI-94")]
    [InlineData(null, "YYY-ambient-cni.conf")]
    [InlineData("istio-cni.conf", "istio-cni.conf")]
    public void Standalone_IsAFileWithOurEntryAlone_AndWaitsForNobody(string? named, string file)
    {
        Pass pass = new(new InstallerOptions(_folder, "/run/x") { IsStandalone = true, PrimaryFileName = named });
        Write("bridge.conf", Single);
        Assert.Contains(file + " does not hold our entry", pass.Check(), StringComparison.Ordinal);
        Assert.Equal((null, "SUCCESS"), pass.Install());
        Assert.Null(pass.Check());
        using (var document = System.Text.Json.JsonDocument.Parse(File.ReadAllText(Path.Combine(_folder, file))))
        {
            Assert.Equal("ambient-cni", document.RootElement.GetProperty("type").GetString());
            Assert.False(document.RootElement.TryGetProperty("plugins", out _));
        }

        Assert.Equal(Single, File.ReadAllText(Path.Combine(_folder, "bridge.conf")));
        Assert.Null(pass.Remove());
        Assert.Equal(["bridge.conf"], Directory.GetFiles(_folder).Select(Path.GetFileName));
    }

    [Fact]
    [Trait("behaviour", "CNI-74")]
    public void NamedFile_MayHaveAnOddSuffix()
    {
        Write("undetectable.file", List);
        Assert.Null(Shared("undetectable.file").Install().Error);
        Assert.Contains("ambient-cni", File.ReadAllText(Path.Combine(_folder, "undetectable.file")), StringComparison.Ordinal);
    }

    private Pass Shared(string? named = null) => new(new InstallerOptions(_folder, "/run/x") { ChainIntoPrimary = true, PrimaryFileName = named });

    private void Write(string name, string text) => File.WriteAllText(Path.Combine(_folder, name), text);
}

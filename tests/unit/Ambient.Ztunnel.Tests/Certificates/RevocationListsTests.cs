using Ambient.Identity.Trust;
using Ambient.Telemetry.Logging;
using Ambient.Ztunnel.Certificates;
using Ambient.Ztunnel.Settings;

namespace Ambient.Ztunnel.Tests.Certificates;

public sealed class RevocationListsTests : IDisposable
{
    private readonly string _file = Path.GetTempFileName();
    private readonly LogHub _logs = new(new LogHubOptions { Sink = new Observation.LineSink() });

    public void Dispose()
    {
        _logs.Dispose();
        File.Delete(_file);
    }

    [Fact]
    public void NoPath_NoLists() => Assert.Null(RevocationLists.Open(Settings([]), _logs, TimeProvider.System));

    [Fact]
    [Trait("behaviour", "ZT-190")]
    public void EmptyFile_IsFine()
    {
        using RevocationStore? store = RevocationLists.Open(Settings([("CRL_PATH", _file)]), _logs, TimeProvider.System);
        Assert.NotNull(store);
    }

    [Fact]
    [Trait("behaviour", "ZT-189")]
    public void Garbage_SwitchesCheckingOff_OrStopsTheStartInStrictMode()
    {
        File.WriteAllText(_file, "garbage");

        Assert.Null(RevocationLists.Open(Settings([("CRL_PATH", _file)]), _logs, TimeProvider.System));
        Assert.Throws<InvalidDataException>(() => RevocationLists.Open(Settings([("CRL_PATH", _file), ("CRL_STRICT", "true")]), _logs, TimeProvider.System));
    }

    private static ZtunnelSettings Settings((string Name, string Value)[] environment)
    {
        Dictionary<string, string> all = new(StringComparer.Ordinal) { ["FAKE_CA"] = "true", ["XDS_ADDRESS"] = "" };
        foreach ((string name, string value) in environment)
        {
            all[name] = value;
        }

        return ZtunnelSettings.Parse(all, new SettingsHost()).Settings!;
    }
}

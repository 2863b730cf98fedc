using System.Net;
using Ambient.Cli.Sandbox;
using Ambient.Cli.Sandbox.Model;
using Ambient.Cli.Sandbox.Observation;

namespace Ambient.Cli.Tests.Sandbox;

public sealed class CaptureWatchTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("ambient-cli-").FullName;
    private readonly MeshManifests _manifests;

    public CaptureWatchTests()
    {
        _manifests = new MeshManifests(Directory.CreateDirectory(Path.Combine(_folder, "manifests")).FullName);
        Attach();
    }

    private bool IsCaptured => _manifests.IsCaptured(SandboxLayout.Outsider);

    private string StatusFile => Path.Combine(_folder, "outside.outsider.json");

    [Fact]
    public async Task EnabledIsCaptured_PendingStaysWhatItWas_AbsentIsOutside()
    {
        await using var watch = new CaptureWatch([_folder], _manifests);
        watch.Look();
        Assert.False(IsCaptured);
        Report("pending");
        watch.Look();
        Assert.False(IsCaptured);
        Report("enabled");
        watch.Look();
        Assert.True(IsCaptured);
        Report("pending");
        watch.Look();
        Assert.True(IsCaptured);
        File.Delete(StatusFile);
        watch.Look();
        Assert.False(IsCaptured);
    }

    [Fact]
    public async Task ManifestWrittenAnew_IsNotedAgain()
    {
        await using var watch = new CaptureWatch([_folder], _manifests);
        Report("enabled");
        watch.Look();
        Attach();
        Assert.False(IsCaptured);
        watch.Look();
        Assert.True(IsCaptured);
    }

    [Fact]
    public async Task WhatIsNoStatus_IsIgnored()
    {
        await using var watch = new CaptureWatch([_folder, Path.Combine(_folder, "missing")], _manifests);
        foreach (string text in (string[])["", "{", "[]", "{}", """{"namespace":1,"name":2,"redirection":"enabled"}""", """{"namespace":"no","name":"body","redirection":"enabled"}"""])
        {
            File.WriteAllText(StatusFile, text);
            watch.Look();
            Assert.False(IsCaptured);
        }
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private void Attach() => _manifests.Write(SandboxLayout.Outsider, "u1", "/run/netns/x", [IPAddress.Parse("10.9.2.13")], isReady: true);

    private void Report(string redirection) => File.WriteAllText(StatusFile, $$"""{"namespace":"outside","name":"outsider","redirection":"{{redirection}}"}""");
}

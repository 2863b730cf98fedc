using System.Net;
using Ambient.Cli.Sandbox;
using Ambient.Cli.Sandbox.Model;
using Ambient.Cli.Sandbox.Observation;

namespace Ambient.Cli.Tests.Sandbox;

public sealed class CaptureWatchTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("ambient-cli-").FullName;

    [Fact]
    public async Task EnabledIsCaptured_PendingStaysWhatItWas_AbsentIsOutside()
    {
        var model = new MeshModel(Path.Combine(_folder, "mesh.yaml"));
        model.Add(SandboxLayout.Outsider, IPAddress.Parse("10.9.2.13"));
        model.Add(SandboxLayout.Client, IPAddress.Parse("10.9.1.10"));
        await using var watch = new CaptureWatch([_folder], model);
        watch.Look();
        Assert.False(IsCaptured(model, SandboxLayout.Outsider));

        // What the plan says holds until an agent has spoken.
        Assert.True(IsCaptured(model, SandboxLayout.Client));
        Report("pending");
        watch.Look();
        Assert.False(IsCaptured(model, SandboxLayout.Outsider));
        Report("enabled");
        watch.Look();
        Assert.True(IsCaptured(model, SandboxLayout.Outsider));
        Assert.Contains("HBONE", File.ReadAllText(model.Path), StringComparison.Ordinal);
        Report("pending");
        watch.Look();
        Assert.True(IsCaptured(model, SandboxLayout.Outsider));
        File.Delete(StatusFile);
        watch.Look();
        Assert.False(IsCaptured(model, SandboxLayout.Outsider));
    }

    [Fact]
    public async Task WhatIsNoStatus_IsIgnored()
    {
        var model = new MeshModel(Path.Combine(_folder, "mesh.yaml"));
        model.Add(SandboxLayout.Outsider, IPAddress.Parse("10.9.2.13"));
        await using var watch = new CaptureWatch([_folder, Path.Combine(_folder, "missing")], model);
        foreach (string text in (string[])["", "{", "[]", "{}", """{"namespace":1,"name":2,"redirection":"enabled"}"""])
        {
            File.WriteAllText(StatusFile, text);
            watch.Look();
            Assert.False(IsCaptured(model, SandboxLayout.Outsider));
        }
    }

    [Fact]
    public void Manifests_SayWhatAnAgentReads()
    {
        var manifests = new PodManifests(_folder);
        manifests.WriteNamespaces(SandboxLayout.Pods);
        manifests.Write(SandboxLayout.Outsider, "u1", "/run/netns/x", [IPAddress.Parse("10.9.2.13"), IPAddress.Parse("fd09::d")], "ambient");
        string namespaces = File.ReadAllText(Path.Combine(_folder, "namespaces.yaml")), pod = File.ReadAllText(Path.Combine(_folder, PodManifests.FileOf(SandboxLayout.Outsider)));
        Assert.Equal(3, namespaces.Split("istio.io/dataplane-mode: ambient").Length - 1);
        Assert.Contains("name: outside\n  labels: {}", namespaces, StringComparison.Ordinal);
        Assert.Contains("labels: {app: outsider, istio.io/dataplane-mode: ambient}", pod, StringComparison.Ordinal);
        Assert.Contains("podIPs: [{ip: \"10.9.2.13\"}, {ip: \"fd09::d\"}]", pod, StringComparison.Ordinal);
        manifests.Remove(SandboxLayout.Outsider);
        Assert.Equal(["namespaces.yaml"], Directory.GetFiles(_folder).Select(Path.GetFileName));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static bool IsCaptured(MeshModel model, PodPlan plan) => model.Pods.Single(p => p.Pod.Name == plan.Name).Pod.IsMeshed;

    private string StatusFile => Path.Combine(_folder, "outside.outsider.json");

    private void Report(string redirection) => File.WriteAllText(StatusFile, $$"""{"namespace":"outside","name":"outsider","redirection":"{{redirection}}"}""");
}

using System.Net;
using Ambient.Cni.Agent.Memory;
using Ambient.Cni.Agent.Pods;
using Ambient.Cni.Enrolment.Pods;

namespace Ambient.Cni.Agent.Tests.Memory;

public sealed class PodMemoryFolderTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("ambient-memory-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("2c48913c-b29f-11e7-9350-020968147796")]
    [InlineData("../../etc/passwd")]
    [InlineData("ns.pod")]
    public void Pod_IsReadBack_AndForgotten_WhateverItsUid(string uid)
    {
        var memory = new PodMemoryFolder(Path.Combine(_folder, "pods"));
        var pod = new PodMemory(uid, "p", "n", "sa", [IPAddress.Parse("10.0.0.2"), IPAddress.Parse("fd00::2")], new Dictionary<string, string> { ["a"] = "b" }, new NetworkIdentity(4, 4026532000));
        memory.Write(pod);
        memory.Write(pod);
        PodMemory back = Assert.Single(memory.ReadAll(out IReadOnlyList<string> unreadable));
        Assert.Empty(unreadable);
        Assert.Equal((uid, pod.Network, "10.0.0.2 fd00::2", "b"), (back.Uid, back.Network, string.Join(' ', back.Addresses), back.Annotations["a"]));
        Assert.Equal(Path.Combine(_folder, "pods"), Path.GetDirectoryName(Assert.Single(Directory.GetFiles(_folder, "*", SearchOption.AllDirectories))));
        memory.Delete(uid);
        memory.Delete(uid);
        Assert.Empty(memory.ReadAll(out _));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("{\"uid\":\"a\"")]
    [InlineData("{\"uid\":null,\"name\":\"\",\"namespace\":\"\",\"serviceAccount\":\"\",\"addresses\":[\"x\"],\"annotations\":{},\"device\":-1,\"inode\":1}")]
    [InlineData("{\"uid\":null,\"name\":\"a\",\"namespace\":\"b\",\"serviceAccount\":\"c\",\"addresses\":[],\"annotations\":{},\"device\":1,\"inode\":1}")]
    [InlineData("{\"uid\":\"a\",\"name\":\"a\",\"namespace\":\"b\",\"serviceAccount\":\"c\",\"addresses\":[],\"annotations\":{\"a\":null},\"device\":1,\"inode\":1}")]
    public void FileThatIsNoMemory_IsNamed_AndHoldsUpNothing(string text)
    {
        var memory = new PodMemoryFolder(_folder);
        string file = Path.Combine(_folder, "x.json");
        File.WriteAllText(file, text);
        Assert.Empty(memory.ReadAll(out IReadOnlyList<string> unreadable));
        Assert.Equal([file], unreadable);

        // Once all pods are known nobody misses it, nor a draft that was never finished.
        memory.Write(new PodMemory("good", "p", "n", "sa", [], new Dictionary<string, string>(), new NetworkIdentity(4, 1)));
        File.WriteAllText(Path.Combine(_folder, "y.json.new"), "{");
        Assert.Equal(2, memory.DropUnreadable().Count);
        Assert.Equal("good", Assert.Single(memory.ReadAll(out unreadable)).Uid);
        Assert.Empty(unreadable);
    }

    [Fact]
    public void LongestSettings_AreReadBack()
    {
        var annotations = new Dictionary<string, string>
        {
            [PodSettings.VirtualInterfacesAnnotation] = string.Join(',', Enumerable.Range(0, 30_000).Select(n => "vnet" + n)),
            [PodSettings.WithoutProxyAnnotation] = new string('x', 100_000),
            [PodSettings.DnsCaptureAnnotation] = "F",
            [PodSettings.BypassInboundAnnotation] = "T",
        };
        PodSettings settings = PodSettings.Read(annotations);
        var memory = new PodMemoryFolder(_folder);
        memory.Write(new PodMemory("u", "p", "n", "sa", [], settings.ToAnnotations(), new NetworkIdentity(4, 1)));
        PodSettings back = PodSettings.Read(Assert.Single(memory.ReadAll(out _)).Annotations);
        Assert.Equal(settings.VirtualInterfaces, back.VirtualInterfaces);
        Assert.Equal((false, true, true), (back.DnsCapture, back.IngressMode, back.IsStrict));
        Assert.Empty(back.Warnings);
    }
}

using System.Runtime.InteropServices;
using Ambient.Cli.Sandbox;

// ambientctl sandbox demo [--keep]: the mesh on one machine.
if (args is not ["sandbox", "demo", ..])
{
    Console.Error.WriteLine("usage: ambientctl sandbox demo [--keep]");
    return 2;
}

string ztunnel = Environment.GetEnvironmentVariable("AMBIENT_ZTUNNEL") ?? Path.Combine(AppContext.BaseDirectory, "../../Ambient.Ztunnel/release/ztunnel");
if (!File.Exists(ztunnel))
{
    Console.Error.WriteLine($"no ztunnel at {ztunnel}: run ./ambient build, or set AMBIENT_ZTUNNEL");
    return 2;
}

TaskCompletionSource stop = new(TaskCreationOptions.RunContinuationsAsynchronously);
void OnSignal(PosixSignalContext signal)
{
    signal.Cancel = true;
    stop.TrySetResult();
}

using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal);
using PosixSignalRegistration term = PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal);
DemoReport report = new();
report.Say("starting two nodes with a ztunnel each, nginx v1 and v2, Redis, a client and a pod outside the mesh");
await using DemoMesh mesh = await DemoMesh.StartAsync(Path.GetFullPath(ztunnel));
Task demo = new Demo(mesh, report, Path.GetFullPath(ztunnel)).RunAsync();
if (await Task.WhenAny(demo, stop.Task) == stop.Task)
{
    report.Say("interrupted: cleaning up");
    return 130;
}

await demo;
if (args.Contains("--keep"))
{
    report.Say($"""
        the mesh keeps running; try, in another terminal:
          ip netns exec {mesh.Client.NamespaceName} curl http://web.shop.svc.cluster.local/
          ip netns exec {mesh.Client.NamespaceName} redis-cli -h {mesh.Redis.Address} PING
          ip netns exec {mesh.Nodes[0].NamespaceName} curl http://127.0.0.1:15000/config_dump
          {mesh.Model.Path} is watched: edit it
        Ctrl-C ends it and removes everything
        """);
    await stop.Task;
}

report.Summarize();
return report.Failed == 0 ? 0 : 1;

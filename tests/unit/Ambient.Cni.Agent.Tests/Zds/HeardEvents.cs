using System.Collections.Concurrent;
using Ambient.Cni.Agent.Zds;

namespace Ambient.Cni.Agent.Tests.Zds;

/// <summary>Remembers what the server says, as text.</summary>
internal sealed class HeardEvents : IZdsEvents
{
    private readonly BlockingCollection<string> _pods = [];
    private readonly BlockingCollection<string> _connections = [];

    public void OnPod(string uid, long generation, ZdsPodState state, string? refusal) =>
        _pods.Add($"{uid}/{generation} {state}{(refusal is null ? "" : ": " + refusal)}");

    public void OnConnections(int connected, int settled) => _connections.Add($"{connected}/{settled}");

    public string Pod() => Take(_pods);

    /// <summary>Takes connection counts until this one comes.</summary>
    public void Connections(string wanted)
    {
        while (Take(_connections) != wanted)
        {
        }
    }

    private static string Take(BlockingCollection<string> from)
    {
        Assert.True(from.TryTake(out string? text, TimeSpan.FromSeconds(10)), "nothing was heard");
        return text;
    }
}

namespace Ambient.Cni.Agent.Zds;

/// <summary>Hears what ztunnels say. Called on the server's thread; must not block.</summary>
public interface IZdsEvents
{
    /// <summary>The state of a pod changed; <paramref name="generation"/> says for which of its namespaces.</summary>
    void OnPod(string uid, long generation, ZdsPodState state, string? refusal);

    /// <summary>Whether all ztunnels that serve the pod use the mark that was made for it; told before the state.</summary>
    void OnMark(string uid, long generation, bool isUsed)
    {
        // Who does not care about marks need not listen.
    }

    /// <summary>Connections came, went or settled.</summary>
    void OnConnections(int connected, int settled);
}

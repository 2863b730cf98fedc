namespace Ambient.ControlPlane.Discovery.Indexing;

/// <summary>Told what the mesh has, as it is computed: what others compute from. Called by one thread at a time, also when nothing is different.</summary>
public interface IMeshFacts
{
    /// <summary>A service, by its resource's name; null: it is gone.</summary>
    void OnService(string name, ServiceFacts? now);

    /// <summary>A workload, by its uid; null: it is gone.</summary>
    void OnWorkload(string uid, WorkloadFacts? now);
}

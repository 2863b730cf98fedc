using Ambient.Protocol.Envoy.Discovery;

namespace Ambient.Xds.Client;

/// <summary>Takes the resources of one further type that a client subscribes to, beside addresses and policies. Called by one thread at a time; must not throw.</summary>
public interface IResourceSink
{
    /// <summary>The type.</summary>
    string TypeUrl { get; }

    /// <summary>Whether its resources may be kept on disk; keys may not.</summary>
    bool IsKept => true;

    /// <summary>
    /// Puts a response in force as one change. What cannot be used is refused by name, and of it the last good state stays.
    /// </summary>
    /// <param name="resources">What is new or different; each has a payload.</param>
    /// <param name="removed">Names of what is gone.</param>
    /// <param name="refuse">To be called with each resource that cannot be used, and why.</param>
    void Apply(IReadOnlyList<Resource> resources, IReadOnlyList<string> removed, Action<Resource, string> refuse);

    /// <summary>
    /// What of a resource may be kept on disk: all of it, unless there is a secret in it. What is not whole needs another version, so that the control plane sends it again.
    /// </summary>
    Resource ForDisk(Resource resource) => resource;
}

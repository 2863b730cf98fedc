using System.Text.Json;
using System.Text.Json.Serialization;

namespace Ambient.Cli.Sandbox;

/// <summary>What a process that takes over a sandbox has to know. Immutable.</summary>
/// <param name="Programs">The mesh's programs.</param>
/// <param name="Nodes">The nodes in order.</param>
/// <param name="Origins">What pods of Deployments and waypoints were made from.</param>
internal sealed record SandboxState(SandboxPrograms Programs, IReadOnlyList<SandboxStateNode> Nodes, IReadOnlyDictionary<string, string> Origins)
{
    /// <summary>Reads it from a run's directory. Throws <see cref="IOException"/> or <see cref="JsonException"/>.</summary>
    public static SandboxState Read(string directory) =>
        JsonSerializer.Deserialize(File.ReadAllText(PathIn(directory)), SandboxStateJson.Default.SandboxState)
        ?? throw new JsonException("the sandbox's state is empty");

    /// <summary>Writes it into a run's directory.</summary>
    public void Write(string directory) => File.WriteAllText(PathIn(directory), JsonSerializer.Serialize(this, SandboxStateJson.Default.SandboxState));

    private static string PathIn(string directory) => Path.Combine(directory, "state.json");
}

/// <summary>A node of a sandbox.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Pods">Its pods.</param>
internal sealed record SandboxStateNode(string Name, IReadOnlyList<SandboxStatePod> Pods);

/// <summary>A pod of a sandbox.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Number">Counts the pods of its node.</param>
/// <param name="Address">Its IPv4 address.</param>
/// <param name="AddressV6">Its IPv6 address.</param>
internal sealed record SandboxStatePod(string Name, int Number, string Address, string AddressV6)
{
    /// <summary>Its namespace.</summary>
    public string Namespace { get; init; } = "";

    /// <summary>Its service account.</summary>
    public string ServiceAccount { get; init; } = "";

    /// <summary>Its node.</summary>
    public string Node { get; init; } = "";

    /// <summary>Whether it is to be captured.</summary>
    public bool IsMeshed { get; init; }

    /// <summary>Its labels.</summary>
    public Dictionary<string, string> Labels { get; init; } = [];
}

/// <summary>Source-generated JSON.</summary>
[JsonSerializable(typeof(SandboxState))]
internal sealed partial class SandboxStateJson : JsonSerializerContext;

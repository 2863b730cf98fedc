using System.Text.Json;
using System.Text.Json.Serialization;

namespace Ambient.Cli.Sandbox;

/// <summary>What a process that takes over a sandbox has to know. Immutable.</summary>
/// <param name="Programs">The mesh's programs.</param>
/// <param name="Nodes">The nodes in order.</param>
internal sealed record SandboxState(SandboxPrograms Programs, IReadOnlyList<SandboxStateNode> Nodes)
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
internal sealed record SandboxStatePod(string Name, int Number, string Address, string AddressV6);

/// <summary>Source-generated JSON.</summary>
[JsonSerializable(typeof(SandboxState))]
internal sealed partial class SandboxStateJson : JsonSerializerContext;

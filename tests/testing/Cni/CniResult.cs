using System.Text.Json.Nodes;

namespace Ambient.Testing.Cni;

/// <summary>How one plugin of a chain ended. Immutable.</summary>
/// <param name="Plugin">Its type.</param>
/// <param name="ExitCode">0 when it went well.</param>
/// <param name="Output">What it printed.</param>
/// <param name="Errors">What it complained.</param>
/// <param name="Elapsed">From its start to its end.</param>
public sealed record CniResult(string Plugin, int ExitCode, string Output, string Errors, TimeSpan Elapsed)
{
    /// <summary>What it printed; null when it printed nothing.</summary>
    public JsonNode? Json => Output.Trim().Length == 0 ? null : JsonNode.Parse(Output);

    /// <summary>Number of its error; null without one.</summary>
    public int? Code => ExitCode == 0 ? null : (int?)Json?["code"];

    /// <summary>This result when it went well. Throws <see cref="InvalidOperationException"/>.</summary>
    public CniResult OrFail() => ExitCode == 0 ? this : throw new InvalidOperationException($"{Plugin} ended with {ExitCode}: {Output} {Errors}");
}

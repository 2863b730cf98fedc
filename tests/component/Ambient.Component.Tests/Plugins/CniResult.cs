using System.Text.Json.Nodes;

namespace Ambient.Component.Tests.Plugins;

/// <summary>How one plugin of a chain ended.</summary>
internal sealed record CniResult(string Plugin, int ExitCode, string Output, string Errors)
{
    /// <summary>What it printed; null when it printed nothing.</summary>
    public JsonNode? Json => Output.Trim().Length == 0 ? null : JsonNode.Parse(Output);

    /// <summary>Number of its error; null without one.</summary>
    public int? Code => ExitCode == 0 ? null : (int?)Json?["code"];

    public CniResult OrFail()
    {
        Assert.True(ExitCode == 0, $"{Plugin} ended with {ExitCode}: {Output} {Errors}");
        return this;
    }
}

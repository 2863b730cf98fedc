using Ambient.Cli.Sandbox;

namespace Ambient.Cli.Tests.Sandbox;

public sealed class SandboxStateTests
{
    [Fact]
    public void State_SurvivesTheHandOver()
    {
        string directory = Directory.CreateTempSubdirectory("ambient-cli-").FullName;
        try
        {
            var state = new SandboxState("/opt/ztunnel", [new SandboxStateNode("node1", [new SandboxStatePod("client", 10)])]);
            state.Write(directory);
            SandboxState read = SandboxState.Read(directory);
            Assert.Equal("/opt/ztunnel", read.Ztunnel);
            Assert.Equal(new SandboxStatePod("client", 10), Assert.Single(Assert.Single(read.Nodes).Pods));
            File.WriteAllText(Path.Combine(directory, "state.json"), "null");
            Assert.Throws<System.Text.Json.JsonException>(() => SandboxState.Read(directory));
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }
}

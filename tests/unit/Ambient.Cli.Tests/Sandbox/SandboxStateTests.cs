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
            var state = new SandboxState(new SandboxPrograms("/opt/ztunnel", "/opt/agent", "/opt/plugin", "/opt/ambientd"), [new SandboxStateNode("node1", [new SandboxStatePod("client", 10, "10.9.1.10", "fd09::a")])]);
            state.Write(directory);
            SandboxState read = SandboxState.Read(directory);
            Assert.Equal(state.Programs, read.Programs);
            Assert.Equal(new SandboxStatePod("client", 10, "10.9.1.10", "fd09::a"), Assert.Single(Assert.Single(read.Nodes).Pods));
            File.WriteAllText(Path.Combine(directory, "state.json"), "null");
            Assert.Throws<System.Text.Json.JsonException>(() => SandboxState.Read(directory));
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }
}

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
            var state = new SandboxState(new SandboxPrograms("/opt/ztunnel", "/opt/agent", "/opt/plugin", "/opt/ambientd", "/opt/waypoint", "/opt/bookshop"), [new SandboxStateNode("node1", [new SandboxStatePod("client", 10, "10.9.1.10", "fd09::a") { Namespace = "shop", Labels = new() { ["app"] = "client" } }])], new Dictionary<string, string>(StringComparer.Ordinal) { ["reviews-v1"] = "text" });
            state.Write(directory);
            SandboxState read = SandboxState.Read(directory);
            Assert.Equal(state.Programs, read.Programs);
            SandboxStatePod pod = Assert.Single(Assert.Single(read.Nodes).Pods);
            Assert.Equal(("client", 10, "10.9.1.10", "fd09::a", "shop", "client"), (pod.Name, pod.Number, pod.Address, pod.AddressV6, pod.Namespace, pod.Labels["app"]));
            Assert.Equal("text", read.Origins["reviews-v1"]);
            File.WriteAllText(Path.Combine(directory, "state.json"), "null");
            Assert.Throws<System.Text.Json.JsonException>(() => SandboxState.Read(directory));
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }
}

using System.Net;
using Ambient.Cli.Sandbox;
using Ambient.Cli.Sandbox.Model;
using Ambient.Testing.Goldens;

namespace Ambient.Cli.Tests.Sandbox;

public sealed class MeshFileTests
{
    [Fact]
    public void Model_AsFile_IsWhatItWas()
    {
        MeshModel model = Model();
        model.Services.Add(SandboxLayout.Web);
        model.Add(SandboxLayout.Client, IPAddress.Parse("10.9.1.10"), IPAddress.Parse("fd09:9:1::10"));
        model.Add(SandboxLayout.WebV1, IPAddress.Parse("10.9.1.12"));
        model.Add(SandboxLayout.Outsider, IPAddress.Parse("10.9.2.13"));
        model.Remove(SandboxLayout.Redis);
        SetPolicies(model, PolicyPlan.AllowServiceAccount("only-client", "shop", SandboxLayout.Client), PolicyPlan.Strict("strict", "data"));
        Golden.Match("sandbox.yaml", MeshFile.Render(model));
    }

    [Fact]
    public void NamesWithYamlInThem_StayNames()
    {
        MeshModel model = Model();
        model.Add(new PodPlan("a: {b", "c #d", "'e\": [", "n\n- f") { Services = [] }, IPAddress.Parse("10.9.1.10"));
        var yaml = new YamlDotNet.RepresentationModel.YamlStream();
        yaml.Load(new StringReader(MeshFile.Render(model)));
        var workload = (YamlDotNet.RepresentationModel.YamlMappingNode)yaml.Documents[0].RootNode["workloads"][0];
        Assert.Equal("a: {b", workload["name"].ToString());
        Assert.Equal("c #d", workload["namespace"].ToString());
        Assert.Equal("'e\": [", workload["serviceAccount"].ToString());
    }

    [Fact]
    public void Published_ReplacesTheFileInOneStep()
    {
        string directory = Directory.CreateTempSubdirectory("ambient-cli-").FullName;
        try
        {
            var model = new MeshModel(Path.Combine(directory, "mesh.yaml"));
            model.Publish();
            string empty = File.ReadAllText(model.Path);
            model.SetPolicies(PolicyPlan.DenyNamespace("no-jobs", "data", "jobs"));
            Assert.NotEqual(empty, File.ReadAllText(model.Path));
            model.SetPolicies();
            Assert.Equal(empty, File.ReadAllText(model.Path));
            Assert.Equal([model.Path], Directory.GetFiles(directory));
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static MeshModel Model() => new(Path.Combine(Path.GetTempPath(), Guid.NewGuid().ToString("N")));

    private static void SetPolicies(MeshModel model, params PolicyPlan[] policies)
    {
        model.SetPolicies(policies);
        File.Delete(model.Path);
    }
}

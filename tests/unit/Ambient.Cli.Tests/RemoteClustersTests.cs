using System.Text.Json;
using Ambient.Cli.Commands;
using Ambient.Cli.Output;

namespace Ambient.Cli.Tests;

/// <summary>What is said of the clusters that the control plane follows.</summary>
public sealed class RemoteClustersTests
{
    [Fact]
    public void Clusters_AreShownWithWhatIsWrong()
    {
        using JsonDocument json = JsonDocument.Parse("""
            [{"id":"Kubernetes","syncStatus":"synced"},
             {"id":"far","secretName":"istio-system/remote","syncStatus":"synced","network":"n2","services":3,"workloads":12,"problem":"pods: 401 Unauthorized"}]
            """);
        Answer answer = RemoteClustersCommand.Make([.. json.RootElement.EnumerateArray().Select(static cluster => ("istiod-1", cluster))], out bool isGood);
        Assert.False(isGood);
        Assert.Equal(["Kubernetes|-|synced|-|-|istiod-1|-", "far|istio-system/remote|synced|n2|12|istiod-1|pods: 401 Unauthorized"], answer.Table.Rows.Select(static row => string.Join('|', row)));
        RemoteClustersCommand.Make([("istiod-1", json.RootElement[0])], out isGood);
        Assert.True(isGood);

        // What is to be read is shown, and is no failure.
        using JsonDocument unlabelled = JsonDocument.Parse("""{"id":"far","syncStatus":"synced","warning":"its network has no name"}""");
        answer = RemoteClustersCommand.Make([("istiod-1", unlabelled.RootElement)], out isGood);
        Assert.True(isGood);
        Assert.Equal("its network has no name", answer.Table.Rows[0][^1]);
    }
}

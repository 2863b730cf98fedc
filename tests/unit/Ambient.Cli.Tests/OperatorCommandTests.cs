using System.CommandLine;
using Ambient.Cli.Commands;
using Ambient.Cli.Tests.Dumps;

namespace Ambient.Cli.Tests;

/// <summary>The operator's commands on a saved dump: words, output, exit codes.</summary>
public sealed class OperatorCommandTests : IDisposable
{
    private readonly string _dump = Path.GetTempFileName();
    private readonly string _waypoint = Path.GetTempFileName();

    public OperatorCommandTests()
    {
        File.WriteAllText(_dump, DumpText.Text);
        File.WriteAllText(_waypoint, WaypointDumpText.Text);
    }

    public void Dispose()
    {
        File.Delete(_dump);
        File.Delete(_waypoint);
    }

    [Theory]
    [InlineData("ztunnel-config workload -f FILE", 0, "NAMESPACE   POD NAME")]
    [InlineData("zc w -f FILE --workload-namespace shop --workload-node n2 -o json", 0, "\"cart-0\"")]
    [InlineData("ztunnel-config services -f FILE --service-namespace shop -o yaml", 0, "hostname: cart.shop.svc.cluster.local")]
    [InlineData("ztunnel-config policies -f FILE --policy-namespace db", 0, "strict")]
    [InlineData("ztunnel-config certs -f FILE", 0, "NOT AFTER")]
    [InlineData("ztunnel-config connections -f FILE --direction inbound", 0, "client.web")]
    [InlineData("explain -f FILE --from web/client --to shop/cart-0 --port 8080", 0, "ALLOWED")]
    [InlineData("explain -f FILE --from web/client --to shop/cart-0 --port 9090 -o json", 1, "\"allowed\": false")]
    [InlineData("explain -f FILE --from web/client --to shop/cart-0 --port 9090 -o yaml", 1, "decision: Denied")]
    [InlineData("explain -f FILE --from nobody --to shop/cart-0 --port 1", 2, "error: 'nobody' is no workload")]
    [InlineData("check -f FILE", 1, "FAIL  certificates")]
    [InlineData("check -f FILE -o json", 1, "\"outcome\": \"Failed\"")]
    [InlineData("ztunnel-config workload -f /nowhere/dump", 2, "error: ")]
    [InlineData("ztunnel-config log -f FILE", 2, "a file has no levels")]
    [InlineData("ztunnel-config workload --admin 127.0.0.1:1", 3, "does not answer")]
    [InlineData("ztunnel-config workload --admin :::", 3, "is no address")]
    [InlineData("waypoint-config route -f WAYPOINT", 0, "v1.shop:80 75%")]
    [InlineData("wc endpoints -f WAYPOINT -o json", 0, "\"ejectedForMs\": 12500")]
    [InlineData("wc policies -f WAYPOINT -o yaml", 0, "name: deny-all")]
    [InlineData("waypoint-config destination -f WAYPOINT", 0, "LeastRequest")]
    [InlineData("waypoint-config service -f WAYPOINT", 0, "nothing found")]
    [InlineData("waypoint-config workload -f WAYPOINT", 0, "nothing found")]
    [InlineData("waypoint-config certificate -f WAYPOINT", 0, "nothing found")]
    [InlineData("waypoint-config route -f FILE", 2, "config_dump of a ztunnel")]
    [InlineData("waypoint-config log -f WAYPOINT", 2, "a file has no levels: name a waypoint")]
    [InlineData("waypoint-config route --admin 127.0.0.1:1", 3, "does not answer")]
    [InlineData("waypoint-config route --kubeconfig /nowhere/config", 3, "no waypoint was named")]
    [InlineData("status --admin 127.0.0.1:1", 3, "does not answer")]
    [InlineData("status --admin :::", 3, "is no address; such as 127.0.0.1:15014")]
    [InlineData("check --kubeconfig /nowhere/config", 3, "error: ")]
    [InlineData("version", 0, "ambientctl")]
    [InlineData("version -o json", 0, "\"part\": \"ambientctl\"")]
    [InlineData("completion bash", 0, "complete -o default -F _ambientctl ambientctl")]
    [InlineData("waypoint generate --namespace shop --for all --revision canary", 0, "istio.io/waypoint-for: all")]
    [InlineData("waypoint list --kubeconfig /nowhere/config", 3, "error: ")]
    public async Task Commands_AnswerAndEndAsPromised(string words, int code, string expected)
    {
        using var output = new StringWriter { NewLine = "\n" };
        ParseResult parsed = RootCommands.Build().Parse(words.Replace("FILE", _dump, StringComparison.Ordinal).Replace("WAYPOINT", _waypoint, StringComparison.Ordinal).Split(' '));
        Assert.Empty(parsed.Errors);
        Assert.Equal(code, await parsed.InvokeAsync(new InvocationConfiguration { Output = output, Error = output }));
        Assert.Contains(expected, output.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ztunnel-config workload -o xml")]
    [InlineData("ztunnel-config connections --direction sideways")]
    [InlineData("explain --from a")]
    [InlineData("waypoint apply --for everything")]
    [InlineData("completion tcsh")]
    [InlineData("zc nothing")]
    public void WrongWords_AreRefused(string words) => Assert.NotEmpty(RootCommands.Build().Parse(words.Split(' ')).Errors);

    [Fact]
    public async Task Completion_ComesFromTheProgram()
    {
        using var output = new StringWriter { NewLine = "\n" };
        ParseResult parsed = RootCommands.Build().Parse(["[suggest:15]", "ztunnel-config "]);
        Assert.Equal(0, await parsed.InvokeAsync(new InvocationConfiguration { Output = output, Error = output }));
        Assert.Contains("certificate\n", output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task GeneratedWaypoint_IsAGateway()
    {
        using var output = new StringWriter { NewLine = "\n" };
        await RootCommands.Build().Parse("waypoint generate -n shop").InvokeAsync(new InvocationConfiguration { Output = output });
        Assert.Equal(
            """
            apiVersion: gateway.networking.k8s.io/v1
            kind: Gateway
            metadata:
              name: waypoint
              namespace: shop
            spec:
              gatewayClassName: istio-waypoint
              listeners:
              - name: mesh
                port: 15008
                protocol: HBONE

            """,
            output.ToString());
    }
}

using Ambient.Protocol.L7;
using Ambient.Routing.Messages;
using Ambient.Routing.Routes;

namespace Ambient.Routing.Tests.Routes;

public sealed class HostPatternTests
{
    [Theory]
    [InlineData("a.example.com", true)]
    [InlineData("A.B.Example.com:8080", true)]
    [InlineData("a.example.com.", false)]
    [InlineData("example.com", false)]
    [InlineData(".example.com", false)]
    [InlineData("aexample.com", false)]
    [InlineData("a.example.com.evil.org", false)]
    [InlineData("", false)]
    public void APortForHosts_TakesNoOthers(string host, bool isTaken)
    {
        PortRoutes port = new()
        {
            Port = 80,
            HostPattern = "*.example.com",
            Http = { new HttpRoute { Name = "only", Match = new HttpMatch() } },
            HttpActions = { new HttpAction() },
            Tcp = { new TcpRoute { Name = "only" } },
        };
        Assert.True(PortTable.TryCompile(port, out PortTable? table, out string? error), error);
        RequestHead head = new() { Authority = host };
        Assert.Equal(isTaken, table.Find(new RequestFacts { Head = head }) is not null);
        if (!host.Contains(':', StringComparison.Ordinal) && !host.EndsWith('.'))
        {
            Assert.Equal(isTaken, table.FindTcp(host) is not null);
        }
    }
}

using System.Text;
using Ambient.Cli.Dumps;
using Ambient.Cli.Output;
using FsCheck;
using FsCheck.Fluent;

namespace Ambient.Cli.Tests.Dumps;

/// <summary>What <c>ztunnel-config</c> shows of a dump.</summary>
public sealed class DumpTableTests
{
    private static readonly DateTimeOffset Now = new(2026, 8, 20, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Workloads_HaveIstioctlsColumns() => Assert.Equal(
        """
        NAMESPACE   POD NAME     ADDRESS              NODE   WAYPOINT     PROTOCOL
        db          pg           10.1.1.30,fd00::30   n2     10.96.0.11   HBONE
        shop        cart-0       10.1.1.9             n2     None         HBONE
        shop        cart-1       10.1.0.9             n1     None         TCP
        shop        waypoint-0   10.1.1.20            n2     None         TCP
        web         client       10.1.0.5             n1     None         HBONE
        web         plain        10.1.0.6             n1     None         TCP

        """,
        Text(DumpTables.Workloads(Dump(), DumpFilter.All)));

    [Fact]
    public void Filters_ChooseByNamespaceNodeAddressAndName()
    {
        string[] Names(DumpFilter filter) => [.. DumpTables.Workloads(Dump(), filter).Table.Rows.Select(r => r[1])];
        Assert.Equal(["client", "plain"], Names(new DumpFilter(Namespace: "web")));
        Assert.Equal(["cart-1", "client", "plain"], Names(new DumpFilter(Node: "n1")));
        Assert.Equal(["pg"], Names(new DumpFilter(Address: "fd00::30")));
        Assert.Equal(["cart-0", "cart-1"], Names(new DumpFilter(Name: "cart")));
        Assert.Equal("nothing found\n", Text(DumpTables.Workloads(Dump(), new DumpFilter(Namespace: "none"))));
    }

    [Fact]
    public void Services_CountTheirEndpoints()
    {
        string[][] rows = [.. DumpTables.Services(Dump(), DumpFilter.All).Table.Rows];
        Assert.Equal(["shop", "cart", "10.96.0.9", "None", "2/2"], rows[0]);
        Assert.Equal(["shop", "l7", "10.96.0.10", "waypoint", "0/0"], rows[2]);
    }

    [Fact]
    public void Policies_ShowActionAndScope()
    {
        string[][] rows = [.. DumpTables.Policies(Dump(), DumpFilter.All).Table.Rows];
        Assert.Equal(["db", "strict", "Deny", "Namespace"], rows[0]);
        Assert.Equal(["shop", "trial", "Deny (dry run)", "Namespace"], rows[2]);
    }

    [Fact]
    public void Certificates_AreJudgedByTheClock()
    {
        string[][] rows = [.. DumpTables.Certificates(Dump(), DumpFilter.All, Now).Table.Rows];
        Assert.Equal(["spiffe://cluster.local/ns/shop/sa/cart", "Leaf", "Available", "true", "2711", "2026-08-21T10:00:00Z", "2026-08-20T10:00:00Z"], rows[0]);
        Assert.Equal("Root", rows[1][1]);
        Assert.Equal(("Unavailable: denied", "false"), (rows[2][2], rows[2][3]));
        Assert.Equal("false", DumpTables.Certificates(Dump(), DumpFilter.All, Now.AddDays(2)).Table.Rows[0][3]);
    }

    [Fact]
    public void Connections_AreShownFromTheWorkload()
    {
        string[][] rows = [.. DumpTables.Connections(Dump(), DumpFilter.All, null).Table.Rows];
        Assert.Equal(["client.web", "Inbound", "10.1.0.5:80", "10.1.1.9:4000", "-", "HBONE"], rows[0]);
        Assert.Equal(["client.web", "Outbound", "10.1.0.5:5000", "10.1.1.9:15008", "10.96.0.9:80", "HBONE"], rows[1]);
        Assert.Equal("Outbound", Assert.Single(DumpTables.Connections(Dump(), DumpFilter.All, "outbound").Table.Rows)[1]);
    }

    [Fact]
    public void Data_IsWhatTheDumpHas()
    {
        Answer answer = DumpTables.Policies(Dump(), new DumpFilter(Name: "strict"));
        using var writer = new StringWriter();
        answer.WriteTo(writer, OutputFormat.Yaml);
        Assert.Equal("- action: Deny\n  dryRun: false\n  name: strict\n  namespace: db\n  scope: Namespace\n  rules:\n  - - - notPrincipals:\n        - Presence: []\n", writer.ToString());
    }

    [Theory]
    [InlineData("", "not JSON")]
    [InlineData("[]", "no config_dump")]
    [InlineData("{\"workloads\": 3}", "no config_dump")]
    [InlineData("<html>", "not JSON")]
    public void ForeignText_IsRefusedWithAReason(string text, string reason)
    {
        Assert.False(ConfigDump.TryParse(Encoding.UTF8.GetBytes(text), out _, out string? error));
        Assert.Contains(reason, error, StringComparison.Ordinal);
    }

    [Fact]
    public void MangledDumps_NeverThrow() => Check.QuickThrowOnFailure(Prop.ForAll<int, int, int>((at, length, seed) =>
    {
        // A piece of a right dump is replaced by other JSON words, so that much of it stays readable.
        string[] words = ["null", "3", "\"x\"", "[]", "{}", "[null]", "-1e99", "\"/\"", "true"];
        var random = new Random(seed);
        string text = DumpText.Text;
        int from = Math.Abs(at % text.Length);
        int start = text.IndexOf(':', from) is > 0 and int colon ? colon + 1 : from;
        int end = Math.Min(text.Length, text.IndexOfAny([',', '}', ']'], start) is > 0 and int stop ? stop : start + Math.Abs(length % 10));
        if (ConfigDump.TryParse(Encoding.UTF8.GetBytes(text[..start] + words[random.Next(words.Length)] + text[end..]), out ConfigDump? dump, out _))
        {
            Text(DumpTables.Workloads(dump, DumpFilter.All));
            Text(DumpTables.Services(dump, DumpFilter.All));
            Text(DumpTables.Policies(dump, DumpFilter.All));
            Text(DumpTables.Certificates(dump, DumpFilter.All, Now));
            Text(DumpTables.Connections(dump, DumpFilter.All, null));
            MeshOfDump.Build(dump, []);
        }
    }));

    internal static ConfigDump Dump()
    {
        Assert.True(ConfigDump.TryParse(Encoding.UTF8.GetBytes(DumpText.Text), out ConfigDump? dump, out string? error), error);
        return dump;
    }

    private static string Text(Answer answer)
    {
        using var writer = new StringWriter { NewLine = "\n" };
        answer.WriteTo(writer, OutputFormat.Table);
        return writer.ToString();
    }
}

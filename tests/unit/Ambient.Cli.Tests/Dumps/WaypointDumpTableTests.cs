using System.Text;
using Ambient.Cli.Dumps;
using Ambient.Cli.Output;

namespace Ambient.Cli.Tests.Dumps;

/// <summary>What <c>waypoint-config</c> shows of a dump.</summary>
public sealed class WaypointDumpTableTests
{
    [Fact]
    public void Routes_AreInTheirOrder_InAFewWords() => Assert.Equal(
        """
        SERVICE                            PORT   PROTOCOL   ROUTE    MATCH                                                        ACTION
        shop/cart.shop.svc.cluster.local   80     Http       canary   /new/* method GET header x-lane!=~a|b header cookie=[redacted]   v1.shop:80 75%, v2.shop:80/beta 25%, timeout 2000 ms, retry 3 on 5xx,reset, fault abort 12.5%
        shop/cart.shop.svc.cluster.local   80     Http       moved    *                                                            redirect 301
        shop/cart.shop.svc.cluster.local   5432   Tcp        db       *                                                            pg.shop:5432

        """.Split('\n').Select(Squeeze),
        Text(WaypointDumpTables.Routes(Dump(), DumpFilter.All)).Split('\n').Select(Squeeze));

    [Fact]
    public void Endpoints_SayWhoIsOutOfService() => Assert.Equal(
        ["InService", "Ejected (12.5 s)"],
        WaypointDumpTables.Endpoints(Dump(), DumpFilter.All).Table.Rows.Select(static row => row[4]));

    [Fact]
    public void Policies_OfAllKinds() => Assert.Equal(
        [
            ["shop", "deny-all", "AuthorizationPolicy", "Deny (dry run)", "*", "1"],
            ["shop", "jwt", "RequestAuthentication", "-", "shop/cart.shop.svc.cluster.local", "1"],
            ["shop", "busy", "LocalRateLimit", "LIMIT (dry run)", "*", "2"],
        ],
        WaypointDumpTables.Policies(Dump(), DumpFilter.All).Table.Rows);

    [Fact]
    public void Destinations_HaveTheirSettings() => Assert.Equal(
        ["shop/cart.shop.svc.cluster.local", "*", "-", "LeastRequest", "maxPending=7", "-", "x.example"],
        WaypointDumpTables.Destinations(Dump(), DumpFilter.All).Table.Rows.Single());

    [Fact]
    public void Filters_Choose()
    {
        Assert.Empty(WaypointDumpTables.Routes(Dump(), new DumpFilter(Namespace: "web")).Table.Rows);
        Assert.Single(WaypointDumpTables.Endpoints(Dump(), new DumpFilter(Name: "v2")).Table.Rows);
        Assert.Empty(WaypointDumpTables.Policies(Dump(), new DumpFilter(Name: "none")).Table.Rows);
    }

    [Fact]
    public void ForeignShapes_AreShownAsFarAsTheyGo_AndNeverThrow()
    {
        // Each member in turn is something else.
        string[] texts = ["[]", "{}", "7", "\"x\"", "null", "true"];
        int seen = 0;
        for (int at = WaypointDumpText.Text.IndexOf(": ", StringComparison.Ordinal); at >= 0; at = WaypointDumpText.Text.IndexOf(": ", at + 2, StringComparison.Ordinal))
        {
            foreach (string text in texts)
            {
                int end = End(at + 2);
                string broken = string.Concat(WaypointDumpText.Text.AsSpan(0, at + 2), text, WaypointDumpText.Text.AsSpan(end));
                if (ConfigDump.TryParse(Encoding.UTF8.GetBytes(broken), out ConfigDump? dump, out _))
                {
                    seen++;
                    _ = Text(WaypointDumpTables.Routes(dump, DumpFilter.All)) + Text(WaypointDumpTables.Endpoints(dump, DumpFilter.All)) + Text(WaypointDumpTables.Policies(dump, DumpFilter.All)) + Text(WaypointDumpTables.Destinations(dump, DumpFilter.All));
                }
            }
        }

        Assert.True(seen > 300, $"{seen}");
    }

    private static int End(int from)
    {
        int depth = 0;
        for (int i = from; ; i++)
        {
            char c = WaypointDumpText.Text[i];
            if (c is '{' or '[')
            {
                depth++;
            }
            else if (c is '}' or ']' && --depth < 0)
            {
                return i;
            }
            else if (c == '"')
            {
                i = WaypointDumpText.Text.IndexOf('"', i + 1);
            }

            if (depth == 0 && WaypointDumpText.Text[i + 1] is ',' or '}' or ']' or '\n')
            {
                return i + 1;
            }
        }
    }

    private static ConfigDump Dump()
    {
        Assert.True(ConfigDump.TryParse(Encoding.UTF8.GetBytes(WaypointDumpText.Text), out ConfigDump? dump, out string? error), error);
        return dump;
    }

    private static string Squeeze(string line) => string.Join(' ', line.Split(' ', StringSplitOptions.RemoveEmptyEntries));

    private static string Text(Answer answer)
    {
        using var text = new StringWriter { NewLine = "\n" };
        answer.WriteTo(text, OutputFormat.Table);
        return text.ToString();
    }
}

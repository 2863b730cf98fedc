using Ambient.Mesh.Addresses;
using Ambient.Mesh.Identities;
using Ambient.Protocol.L7;
using Ambient.Routing.Messages;
using Ambient.Routing.Routes;

namespace Ambient.Routing.Tests;

/// <summary>Requests and tables in few words.</summary>
internal static class Requests
{
    public static RequestFacts Of(string request, params (string Name, string Value)[] headers)
    {
        string[] parts = request.Split(' ');
        RequestHead head = new() { Method = parts[0], Authority = parts.Length > 2 ? parts[2] : "echo" };
        head.SetTarget(parts[1]);
        foreach ((string name, string value) in headers)
        {
            head.Fields.Add(name, value);
        }

        return new RequestFacts
        {
            Head = head,
            Client = new SpiffeId("cluster.local", "apps", "client"),
            SourceAddress = IpAddress.Parse("10.1.0.5"),
            RemoteAddress = IpAddress.Parse("10.1.0.5"),
            DestinationAddress = IpAddress.Parse("10.96.0.10"),
            DestinationPort = 80,
        };
    }

    public static HttpMatch Path(string kind, string text, bool ignoreCase = false) => new()
    {
        Path = kind switch
        {
            "exact" => new PathMatch { Exact = text, IgnoreCase = ignoreCase },
            "prefix" => new PathMatch { Prefix = text, IgnoreCase = ignoreCase },
            "segment" => new PathMatch { SegmentPrefix = text, IgnoreCase = ignoreCase },
            _ => new PathMatch { Regex = text, IgnoreCase = ignoreCase },
        },
    };

    public static TextMatch Text(string kind, string text) => kind switch
    {
        "exact" => new TextMatch { Exact = text },
        "prefix" => new TextMatch { Prefix = text },
        "suffix" => new TextMatch { Suffix = text },
        "regex" => new TextMatch { Regex = text },
        _ => new TextMatch { Present = true },
    };

    public static HttpMatch Header(string name, string kind, string text, bool invert = false) => new() { Headers = { new NamedMatch { Name = name, Value = Text(kind, text), Invert = invert } } };

    public static PortTable Table(params HttpMatch[] matches)
    {
        PortRoutes port = new() { Port = 80, HttpActions = { new HttpAction() } };
        for (int i = 0; i < matches.Length; i++)
        {
            port.Http.Add(new HttpRoute { Name = "r" + i, Match = matches[i] });
        }

        Assert.True(PortTable.TryCompile(port, out PortTable? table, out string? error), error);
        return table;
    }
}

using System.Text.RegularExpressions;
using Ambient.ControlPlane.Routing.Reading;
using Ambient.Protocol.L7;

namespace Ambient.ControlPlane.Routing.Services;

/// <summary>The matches of HTTPRoute and GRPCRoute. Pure.</summary>
internal static class GatewayRouteMatches
{
    public static HttpMatch Http(SpecReader entry)
    {
        HttpMatch match = new();
        if (entry.Object("path") is { } path)
        {
            string value = path.Has("value") ? path.Text("value") : "/";
            match.Path = path.Text("type") switch
            {
                "Exact" => new PathMatch { Exact = value },
                "RegularExpression" => new PathMatch { Regex = value },
                _ => new PathMatch { SegmentPrefix = value },
            };
            path.End();
        }
        else
        {
            match.Path = new PathMatch { SegmentPrefix = "/" };
        }

        if (entry.Has("method"))
        {
            match.Method = new TextMatch { Exact = entry.Text("method") };
        }

        Named(entry, "headers", match.Headers, ignoreCase: true);
        Named(entry, "queryParams", match.Query, ignoreCase: false);
        entry.End();
        return match;
    }

    public static HttpMatch Grpc(SpecReader entry)
    {
        HttpMatch match = new();
        if (entry.Object("method") is { } method)
        {
            match.Path = Method(method.Text("service"), method.Text("method"), method.Text("type") == "RegularExpression");
            method.End();
        }

        Named(entry, "headers", match.Headers, ignoreCase: true);
        entry.End();
        return match;
    }

    private static PathMatch? Method(string service, string method, bool isExpression) => (isExpression, service, method) switch
    {
        (_, "", "") => null,
        (true, _, _) => new PathMatch { Regex = $"/{(service.Length == 0 ? ".+" : $"(?:{service})")}/{(method.Length == 0 ? "[^/]+" : $"(?:{method})")}" },
        (_, "", _) => new PathMatch { Regex = $"/[^/]+/{Regex.Escape(method)}" },
        (_, _, "") => new PathMatch { Prefix = $"/{service}/" },
        _ => new PathMatch { Exact = $"/{service}/{method}" },
    };

    // Of several conditions on one name the first counts.
    private static void Named(SpecReader entry, string field, ICollection<NamedMatch> matches, bool ignoreCase)
    {
        HashSet<string> seen = new(ignoreCase ? StringComparer.OrdinalIgnoreCase : StringComparer.Ordinal);
        foreach (SpecReader item in entry.Objects(field))
        {
            string name = item.Text("name");
            string value = item.Text("value");
            TextMatch text = item.Text("type") == "RegularExpression" ? new TextMatch { Regex = value } : new TextMatch { Exact = value };
            item.End();
            if (seen.Add(name))
            {
                matches.Add(new NamedMatch { Name = name, Value = text });
            }
        }
    }
}

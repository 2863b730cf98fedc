using System.Text.Json;
using Ambient.Protocol.L7;

namespace Ambient.Waypoint.Admin;

/// <summary>Conditions of routes as <c>config_dump</c> writes them; what is not asked for is left out. Pure.</summary>
internal static class MatchJson
{
    /// <summary>One condition; an empty object is every request.</summary>
    public static void Write(Utf8JsonWriter json, HttpMatch? match)
    {
        json.WriteStartObject("match"u8);
        if (match is not null)
        {
            Path(json, match.Path);
            Text(json, "method", match.Method);
            Text(json, "scheme", match.Scheme);
            Text(json, "authority", match.Authority);
            Named(json, "headers", match.Headers);
            Named(json, "query", match.Query);
            Claims(json, match.Claims);
            if (match.ClientNamespace.Length > 0)
            {
                json.WriteString("clientNamespace"u8, match.ClientNamespace);
            }
        }

        json.WriteEndObject();
    }

    /// <summary>How a text is compared; nothing when it is not.</summary>
    public static void Text(Utf8JsonWriter json, string member, TextMatch? match, bool invert = false)
    {
        if (match is null || match.KindCase == TextMatch.KindOneofCase.None)
        {
            return;
        }

        json.WriteStartObject(member);
        Kind(json, match);
        if (invert)
        {
            json.WriteBoolean("invert"u8, true);
        }

        json.WriteEndObject();
    }

    /// <summary>A list of comparisons.</summary>
    public static void Texts(Utf8JsonWriter json, string member, IReadOnlyCollection<TextMatch> matches)
    {
        if (matches.Count == 0)
        {
            return;
        }

        json.WriteStartArray(member);
        foreach (TextMatch match in matches)
        {
            json.WriteStartObject();
            Kind(json, match);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void Kind(Utf8JsonWriter json, TextMatch match)
    {
        switch (match.KindCase)
        {
            case TextMatch.KindOneofCase.Exact:
                json.WriteString("exact"u8, match.Exact);
                break;
            case TextMatch.KindOneofCase.Prefix:
                json.WriteString("prefix"u8, match.Prefix);
                break;
            case TextMatch.KindOneofCase.Suffix:
                json.WriteString("suffix"u8, match.Suffix);
                break;
            case TextMatch.KindOneofCase.Regex:
                json.WriteString("regex"u8, match.Regex);
                break;
            case TextMatch.KindOneofCase.Present:
                json.WriteBoolean("present"u8, match.Present);
                break;
        }

        if (match.IgnoreCase)
        {
            json.WriteBoolean("ignoreCase"u8, true);
        }
    }

    private static void Path(Utf8JsonWriter json, PathMatch? path)
    {
        if (path is null || path.KindCase == PathMatch.KindOneofCase.None)
        {
            return;
        }

        json.WriteStartObject("path"u8);
        (string kind, string value) = path.KindCase switch
        {
            PathMatch.KindOneofCase.Exact => ("exact", path.Exact),
            PathMatch.KindOneofCase.Prefix => ("prefix", path.Prefix),
            PathMatch.KindOneofCase.SegmentPrefix => ("segmentPrefix", path.SegmentPrefix),
            _ => ("regex", path.Regex),
        };
        json.WriteString(kind, value);
        if (path.IgnoreCase)
        {
            json.WriteBoolean("ignoreCase"u8, true);
        }

        json.WriteEndObject();
    }

    private static void Named(Utf8JsonWriter json, string member, IReadOnlyCollection<NamedMatch> matches)
    {
        if (matches.Count == 0)
        {
            return;
        }

        json.WriteStartArray(member);
        foreach (NamedMatch match in matches)
        {
            json.WriteStartObject();
            json.WriteString("name"u8, match.Name);
            if (SecretFields.IsSecret(match.Name) && match.Value?.KindCase is not (null or TextMatch.KindOneofCase.Present))
            {
                json.WriteString("value"u8, SecretFields.Redacted);
            }
            else
            {
                Text(json, "value", match.Value, match.Invert);
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void Claims(Utf8JsonWriter json, IReadOnlyCollection<ClaimMatch> claims)
    {
        if (claims.Count == 0)
        {
            return;
        }

        json.WriteStartArray("claims"u8);
        foreach (ClaimMatch claim in claims)
        {
            json.WriteStartObject();
            json.WriteString("claim"u8, string.Join('.', claim.Path));
            Text(json, "value", claim.Value, claim.Invert);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}

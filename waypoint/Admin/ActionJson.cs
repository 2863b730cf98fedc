using System.Text.Json;
using Ambient.Protocol.L7;

namespace Ambient.Waypoint.Admin;

/// <summary>What routes do, as <c>config_dump</c> writes it; what is not there is left out. Pure.</summary>
internal static class ActionJson
{
    private const double PartsPerPercent = 10_000;

    /// <summary>One action.</summary>
    public static void Write(Utf8JsonWriter json, HttpAction action)
    {
        json.WriteStartObject("action"u8);
        Targets(json, action.Targets);
        Redirect(json, action.Redirect);
        if (action.Response is { } response)
        {
            json.WriteStartObject("directResponse"u8);
            json.WriteNumber("status"u8, response.Status);
            json.WriteNumber("bodyBytes"u8, response.Body.Length);
            json.WriteEndObject();
        }

        Rewrite(json, action.Rewrite);
        Edits(json, "request", action.Request);
        Edits(json, "response", action.ResponseEdits);
        Number(json, "timeoutMs", action.TimeoutMs);
        Retry(json, action.Retry);
        Fault(json, action.Fault);
        Mirrors(json, action.Mirrors);
        if (action.Cors is { } cors)
        {
            json.WriteStartObject("cors"u8);
            MatchJson.Texts(json, "origins", cors.Origins);
            json.WriteString("methods"u8, cors.Methods);
            json.WriteBoolean("credentials"u8, cors.Credentials);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    /// <summary>Where requests or connections go, by weight.</summary>
    public static void Targets(Utf8JsonWriter json, IReadOnlyCollection<WeightedTarget> targets)
    {
        if (targets.Count == 0)
        {
            return;
        }

        json.WriteStartArray("targets"u8);
        foreach (WeightedTarget target in targets)
        {
            json.WriteStartObject();
            if (target.Destination is { } destination)
            {
                json.WriteString("destination"u8, Name(destination));
            }

            Number(json, "failStatus", target.FailStatus);
            json.WriteNumber("weight"u8, target.Weight);
            Edits(json, "request", target.Request);
            Edits(json, "response", target.Response);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    /// <summary>A number, unless it is 0.</summary>
    public static void Number(Utf8JsonWriter json, string member, ulong value)
    {
        if (value > 0)
        {
            json.WriteNumber(member, value);
        }
    }

    private static string Name(Destination destination) =>
        $"{destination.Namespace}/{destination.Hostname}:{destination.Port}{(destination.Subset.Length > 0 ? "/" + destination.Subset : "")}";

    private static void Redirect(Utf8JsonWriter json, Redirect? redirect)
    {
        if (redirect is null)
        {
            return;
        }

        json.WriteStartObject("redirect"u8);
        json.WriteNumber("status"u8, redirect.Status);
        Text(json, "scheme", redirect.Scheme);
        Text(json, "authority", redirect.Authority);
        Text(json, "path", redirect.HasFullPath ? redirect.FullPath : "");
        Text(json, "prefix", redirect.HasPrefix ? redirect.Prefix : "");
        Number(json, "port", redirect.Port);
        json.WriteEndObject();
    }

    private static void Rewrite(Utf8JsonWriter json, Rewrite? rewrite)
    {
        if (rewrite is null)
        {
            return;
        }

        json.WriteStartObject("rewrite"u8);
        Text(json, "authority", rewrite.Authority);
        Text(json, "path", rewrite.PathCase == Protocol.L7.Rewrite.PathOneofCase.FullPath ? rewrite.FullPath : "");
        if (rewrite.PathCase == Protocol.L7.Rewrite.PathOneofCase.Prefix)
        {
            json.WriteString("prefix"u8, rewrite.Prefix);
        }

        if (rewrite.Regex is { } regex)
        {
            json.WriteString("regex"u8, regex.Pattern);
            json.WriteString("substitution"u8, regex.Substitution);
        }

        json.WriteEndObject();
    }

    private static void Edits(Utf8JsonWriter json, string member, HeaderEdits? edits)
    {
        if (edits is null || edits.Remove.Count + edits.Set.Count + edits.Add.Count == 0)
        {
            return;
        }

        json.WriteStartObject(member);
        SecretFields.Write(json, "set", edits.Set);
        SecretFields.Write(json, "add", edits.Add);
        if (edits.Remove.Count > 0)
        {
            json.WriteStartArray("remove"u8);
            foreach (string name in edits.Remove)
            {
                json.WriteStringValue(name);
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    private static void Retry(Utf8JsonWriter json, RetryPolicy? retry)
    {
        if (retry is null)
        {
            return;
        }

        json.WriteStartObject("retry"u8);
        json.WriteNumber("attempts"u8, retry.Attempts);
        json.WriteString("on"u8, string.Join(',', retry.Conditions.Concat(retry.Codes.Select(static code => code.ToString(System.Globalization.CultureInfo.InvariantCulture)))));
        Number(json, "perTryTimeoutMs", retry.PerTryTimeoutMs);
        Number(json, "backoffMs", retry.BackoffMs);
        json.WriteEndObject();
    }

    private static void Fault(Utf8JsonWriter json, Fault? fault)
    {
        if (fault is null)
        {
            return;
        }

        json.WriteStartObject("fault"u8);
        if (fault.DelayShare > 0)
        {
            json.WriteNumber("delayMs"u8, fault.DelayMs);
            json.WriteNumber("delayPercent"u8, fault.DelayShare / PartsPerPercent);
        }

        if (fault.AbortShare > 0)
        {
            json.WriteNumber(fault.AbortIsGrpc ? "abortGrpcStatus" : "abortStatus", fault.AbortStatus);
            json.WriteNumber("abortPercent"u8, fault.AbortShare / PartsPerPercent);
        }

        json.WriteEndObject();
    }

    private static void Mirrors(Utf8JsonWriter json, IReadOnlyCollection<Mirror> mirrors)
    {
        if (mirrors.Count == 0)
        {
            return;
        }

        json.WriteStartArray("mirrors"u8);
        foreach (Mirror mirror in mirrors)
        {
            json.WriteStartObject();
            json.WriteString("destination"u8, mirror.Destination is { } to ? Name(to) : "");
            json.WriteNumber("percent"u8, mirror.Share / PartsPerPercent);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void Text(Utf8JsonWriter json, string member, string value)
    {
        if (value.Length > 0)
        {
            json.WriteString(member, value);
        }
    }
}

using System.Text.Json;
using Ambient.Protocol.L7;

namespace Ambient.Waypoint.Admin;

/// <summary>LocalRateLimits as <c>config_dump</c> writes them. Pure.</summary>
internal static class LimitJson
{
    /// <summary>One of them.</summary>
    public static void Write(Utf8JsonWriter json, LimitPolicy policy)
    {
        json.WriteStartObject();
        json.WriteString("namespace"u8, policy.Namespace);
        json.WriteString("name"u8, policy.Name);
        if (policy.DryRun)
        {
            json.WriteBoolean("dryRun"u8, true);
        }

        PolicyJson.Attachments(json, policy.Attachments);
        json.WriteStartArray("rules"u8);
        foreach (LimitRule rule in policy.Rules)
        {
            json.WriteStartObject();
            json.WriteNumber("requests"u8, rule.Requests);
            json.WriteNumber("periodMs"u8, rule.PeriodMs);
            json.WriteNumber("burst"u8, rule.Burst == 0 ? rule.Requests : rule.Burst);
            json.WriteString("per"u8, rule.PerPrincipal ? "Principal" : "Waypoint");
            json.WriteStartArray("matches"u8);
            foreach (LimitMatch match in rule.Matches)
            {
                json.WriteStartObject();
                MatchJson.Write(json, match.Request);
                if (match.Source is not null)
                {
                    json.WritePropertyName("source"u8);
                    PolicyJson.Source(json, match.Source);
                }

                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }
}

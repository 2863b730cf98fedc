using System.Text.Json;
using Ambient.Cli.Output;

namespace Ambient.Cli.Explaining;

/// <summary>What becomes of connections from one workload to a destination. Immutable.</summary>
/// <param name="From">The source.</param>
/// <param name="To">The destination.</param>
/// <param name="Paths">One entry for each endpoint that may answer.</param>
internal sealed record Explanation(string From, string To, IReadOnlyList<ExplainedPath> Paths)
{
    /// <summary>Whether all connections are served.</summary>
    public bool IsAllowed => Paths.Count > 0 && Paths.All(static p => p.Decision is Decision.Allowed or Decision.NotEnforced);

    /// <summary>As data.</summary>
    public JsonElement ToJson() => Answer.Build(json =>
    {
        json.WriteStartObject();
        json.WriteString("from", From);
        json.WriteString("to", To);
        json.WriteBoolean("allowed", IsAllowed);
        json.WriteStartArray("paths");
        foreach (ExplainedPath path in Paths)
        {
            Write(json, path);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    });

    /// <summary>For people.</summary>
    public void WriteTo(TextWriter output)
    {
        output.WriteLine("from  " + From);
        output.WriteLine("to    " + To);
        foreach (ExplainedPath path in Paths)
        {
            output.WriteLine();
            output.WriteLine($"{Word(path.Decision)}  {path.Endpoint}");
            output.WriteLine("  way       " + path.Path);
            output.WriteLine("  enforced  " + (path.Enforcers.Count == 0 ? "by nobody" : string.Join(", then ", path.Enforcers)));
            output.WriteLine("  decided   " + (path.DecidedBy.Length == 0 ? path.Why : $"{path.DecidedBy}: {path.Why}"));
            if (path.Policies.Count > 0)
            {
                var table = new Table("  POLICY", "ACTION", "SCOPE", "MATCHES");
                foreach (ExplainedPolicy policy in path.Policies)
                {
                    table.Add("  " + policy.Key, policy.Action + (policy.IsDryRun ? " (dry run)" : ""), policy.Scope, Rules(policy));
                }

                table.WriteTo(output);
            }

            foreach (string note in path.Notes)
            {
                output.WriteLine("  note: " + note);
            }
        }
    }

    private static string Rules(ExplainedPolicy policy) =>
        policy.MatchedRules.Count == 0 ? $"none of {policy.RuleCount} rules" : $"rule {string.Join(", ", policy.MatchedRules)} of {policy.RuleCount}";

    private static string Word(Decision decision) => decision switch
    {
        Decision.Allowed => "ALLOWED ",
        Decision.Denied => "DENIED  ",
        Decision.NoRoute => "NO ROUTE",
        _ => "NOT ENFORCED",
    };

    private static void Write(Utf8JsonWriter json, ExplainedPath path)
    {
        json.WriteStartObject();
        json.WriteString("endpoint", path.Endpoint);
        json.WriteString("path", path.Path);
        json.WriteString("decision", path.Decision.ToString());
        json.WriteString("decidedBy", path.DecidedBy);
        json.WriteString("why", path.Why);
        Texts(json, "enforcers", path.Enforcers);
        json.WriteStartArray("policies");
        foreach (ExplainedPolicy policy in path.Policies)
        {
            json.WriteStartObject();
            json.WriteString("policy", policy.Key);
            json.WriteString("action", policy.Action);
            json.WriteString("scope", policy.Scope);
            json.WriteBoolean("dryRun", policy.IsDryRun);
            json.WriteStartArray("matchedRules");
            foreach (int rule in policy.MatchedRules)
            {
                json.WriteNumberValue(rule);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
        Texts(json, "notes", path.Notes);
        json.WriteEndObject();
    }

    private static void Texts(Utf8JsonWriter json, string name, IReadOnlyList<string> texts)
    {
        json.WriteStartArray(name);
        foreach (string text in texts)
        {
            json.WriteStringValue(text);
        }

        json.WriteEndArray();
    }
}

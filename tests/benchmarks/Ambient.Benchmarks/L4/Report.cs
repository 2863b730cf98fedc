using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Ambient.Benchmarks.L4;

/// <summary>Renders the rows as JSON, as a table and as Markdown.</summary>
internal static class Report
{
    /// <summary>One JSON object: machine and rows.</summary>
    public static void WriteJson(Stream output, Machine machine, IReadOnlyList<Row> rows)
    {
        using Utf8JsonWriter writer = new(output, new JsonWriterOptions { Indented = true });
        writer.WriteStartObject();
        writer.WriteStartObject("machine");
        foreach ((string name, string value) in Describe(machine))
        {
            writer.WriteString(name, value);
        }

        writer.WriteEndObject();
        writer.WriteStartArray("rows");
        foreach (Row row in rows)
        {
            writer.WriteStartObject();
            writer.WriteString("workload", row.Workload);
            writer.WriteString("subject", row.Subject);
            writer.WriteString("metric", row.Metric);
            writer.WriteString("unit", row.Unit);
            writer.WriteNumber("median", row.Median);
            writer.WriteNumber("min", row.Min);
            writer.WriteNumber("max", row.Max);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    /// <summary>A Markdown table per workload: median (min–max), and the ratio of ambient to another subject where both exist.</summary>
    public static string Markdown(Machine machine, IReadOnlyList<Row> rows, string against = "nginx-mtls")
    {
        StringBuilder text = new();
        foreach ((string name, string value) in Describe(machine))
        {
            text.Append(CultureInfo.InvariantCulture, $"* {name}: {value}\n");
        }

        foreach (IGrouping<string, Row> workload in rows.GroupBy(r => r.Workload))
        {
            string[] subjects = [.. workload.Select(r => r.Subject).Distinct()];
            text.Append(CultureInfo.InvariantCulture, $"\n### {workload.Key}\n\n| metric | {string.Join(" | ", subjects)} | ambient : {against} |\n|---|{string.Concat(subjects.Select(_ => "---|"))}---|\n");
            foreach (IGrouping<string, Row> metric in workload.GroupBy(r => r.Metric))
            {
                text.Append(CultureInfo.InvariantCulture, $"| {metric.Key} ({metric.First().Unit}) |");
                foreach (string subject in subjects)
                {
                    Row? row = metric.FirstOrDefault(r => r.Subject == subject);
                    text.Append(row is null ? " – |" : $" {Number(row.Median)} ({Number(row.Min)}–{Number(row.Max)}) |");
                }

                Row? ours = metric.FirstOrDefault(r => r.Subject == "ambient");
                Row? theirs = metric.FirstOrDefault(r => r.Subject == against);
                text.Append(ours is null || theirs is null || theirs.Median == 0 ? " – |\n" : string.Create(CultureInfo.InvariantCulture, $" **{ours.Median / theirs.Median:0.00}×** |\n"));
            }
        }

        return text.ToString();
    }

    private static IEnumerable<(string Name, string Value)> Describe(Machine machine)
    {
        yield return ("cpu", machine.Cpu);
        yield return ("cores", machine.Cores.ToString(CultureInfo.InvariantCulture));
        yield return ("memory_gb", machine.MemoryGb.ToString(CultureInfo.InvariantCulture));
        yield return ("kernel", machine.Kernel);
        yield return ("openssl", machine.OpenSsl);
        yield return ("runtime", machine.Runtime);
        yield return ("nginx", machine.Nginx);
        yield return ("haproxy", machine.Haproxy);
    }

    private static string Number(double value) => value switch
    {
        0 => "0",
        >= 1000 => value.ToString("N0", CultureInfo.InvariantCulture),
        _ => value.ToString("G3", CultureInfo.InvariantCulture),
    };
}

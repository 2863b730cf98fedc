using System.Text.Json;
using Ambient.Cni.Agent.Pods;
using Ambient.Cni.Enrolment.Pods;

namespace Ambient.Cni.Agent.Sources;

/// <summary>Reports as files, one per pod: where there is no API server, this is where to look. Thread-safe.</summary>
public sealed class StatusFolder : IPodReporter
{
    private readonly string _folder;

    /// <summary>Makes the folder when it is missing. Throws <see cref="IOException"/>.</summary>
    public StatusFolder(string folder)
    {
        Directory.CreateDirectory(folder);
        _folder = folder;
    }

    /// <inheritdoc/>
    public Task<ReportResult> ReportAsync(PodFacts pod, PodReport report, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(pod);
        ArgumentNullException.ThrowIfNull(report);
        string path = Path.Combine(_folder, $"{Uri.EscapeDataString(pod.Namespace)}.{Uri.EscapeDataString(pod.Name)}.json"), draft = path + ".new";
        try
        {
            if (report.Redirection == ReportedRedirection.Absent)
            {
                File.Delete(path);
                return Task.FromResult(new ReportResult(null));
            }

            using (FileStream file = File.Create(draft))
            using (var writer = new Utf8JsonWriter(file, new JsonWriterOptions { Indented = true }))
            {
                writer.WriteStartObject();
                writer.WriteString("namespace", pod.Namespace);
                writer.WriteString("name", pod.Name);
                writer.WriteString("uid", pod.Uid);
                writer.WriteString("redirection", report.Redirection == ReportedRedirection.Enabled ? "enabled" : "pending");
                writer.WriteString("reason", report.Text);
                writer.WriteEndObject();
            }

            File.Move(draft, path, overwrite: true);
            return Task.FromResult(new ReportResult(null));
        }
        catch (Exception unwritten) when (unwritten is IOException or UnauthorizedAccessException)
        {
            return Task.FromResult(new ReportResult(unwritten.Message));
        }
    }
}

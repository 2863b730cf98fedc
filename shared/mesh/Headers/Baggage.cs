using System.Text;
using Ambient.Mesh.Workloads;

namespace Ambient.Mesh.Headers;

/// <summary>What the <c>baggage</c> header says about a workload (ztunnel.md 2.6); null is absent. Immutable.</summary>
public sealed record Baggage
{
    /// <summary>Says nothing.</summary>
    public static Baggage Empty { get; } = new();

    /// <summary><c>k8s.cluster.name</c>.</summary>
    public string? Cluster { get; init; }

    /// <summary><c>k8s.namespace.name</c>.</summary>
    public string? Namespace { get; init; }

    /// <summary><c>k8s.*.name</c> of the workload's type.</summary>
    public string? WorkloadName { get; init; }

    /// <summary><c>service.name</c>, the canonical name.</summary>
    public string? Service { get; init; }

    /// <summary><c>service.version</c>, the canonical revision.</summary>
    public string? Revision { get; init; }

    /// <summary><c>cloud.region</c>.</summary>
    public string? Region { get; init; }

    /// <summary><c>cloud.availability_zone</c>.</summary>
    public string? Zone { get; init; }

    /// <summary>The header's value for a workload; may be empty, the header is sent all the same.</summary>
    public static string Format(Workload workload)
    {
        StringBuilder text = new();
        Append(text, "k8s.cluster.name", workload.ClusterId);
        Append(text, "k8s.namespace.name", workload.Namespace);
        if (workload.WorkloadName.Length > 0)
        {
            Append(text, $"k8s.{workload.Type.Word()}.name", workload.WorkloadName);
        }

        Append(text, "service.name", workload.CanonicalName);
        Append(text, "service.version", workload.CanonicalRevision);
        Append(text, "cloud.region", workload.Locality.Region);
        Append(text, "cloud.availability_zone", workload.Locality.Zone);
        return text.ToString();
    }

    /// <summary>Reads all lines of the header; later values replace earlier ones. A line that isn't visible ASCII makes the whole absent.</summary>
    public static Baggage Parse(params ReadOnlySpan<string> lines)
    {
        Baggage result = Empty;
        foreach (string line in lines)
        {
            if (!HeaderText.IsVisible(line))
            {
                return Empty;
            }

            foreach (Range range in line.AsSpan().Split(','))
            {
                ReadOnlySpan<char> piece = line.AsSpan(range);
                int equals = piece.IndexOf('=');
                if (equals >= 0)
                {
                    ReadOnlySpan<char> value = piece[(equals + 1)..];
                    int second = value.IndexOf('=');
                    result = With(result, piece[..equals], second < 0 ? value : value[..second]);
                }
            }
        }

        return result;
    }

    private static Baggage With(Baggage baggage, ReadOnlySpan<char> key, ReadOnlySpan<char> value)
    {
        string? text = value.IsEmpty ? null : value.ToString();
        return key switch
        {
            "k8s.cluster.name" => baggage with { Cluster = text },
            "k8s.namespace.name" => baggage with { Namespace = text },
            "k8s.deployment.name" or "k8s.cronjob.name" or "k8s.pod.name" or "k8s.job.name" => baggage with { WorkloadName = text },
            "service.name" => baggage with { Service = text },
            "service.version" => baggage with { Revision = text },
            "cloud.region" => baggage with { Region = text },
            "cloud.availability_zone" => baggage with { Zone = text },
            _ => baggage,
        };
    }

    private static void Append(StringBuilder text, string key, string value)
    {
        // A value from outside could otherwise end the header line; a comma would make pieces of it.
        if (value.Length > 0 && HeaderText.IsVisible(value) && !value.Contains(','))
        {
            _ = text.Append(text.Length > 0 ? "," : "").Append(key).Append('=').Append(value);
        }
    }
}

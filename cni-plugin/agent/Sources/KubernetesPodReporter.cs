using System.Text.Json;
using Ambient.Cni.Agent.Pods;
using Ambient.Cni.Enrolment;
using Ambient.Cni.Enrolment.Pods;
using Ambient.Kubernetes.Api;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Coordination;
using Ambient.Kubernetes.Resources.Workloads;
using Ambient.Telemetry.Logging;

namespace Ambient.Cni.Agent.Sources;

/// <summary>
/// Reports to the Kubernetes API: the redirection annotation through the pod's status (cni-and-redirection.md 1.4), and an event on the pod when it is
/// not in the mesh as it should be. Thread-safe.
/// </summary>
public sealed class KubernetesPodReporter(KubernetesClient client, string node, TimeProvider time, Logger log) : IPodReporter
{
    private const string Component = "ambient-cni-agent";
    private const int Remembered = 4096;
    private const int LongestMessage = 1000;
    private static readonly TimeSpan SayAgain = TimeSpan.FromMinutes(10);
    private readonly Lock _gate = new();
    private readonly Dictionary<string, (string Text, long At)> _said = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public async Task<ReportResult> ReportAsync(PodFacts pod, PodReport report, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(pod);
        ArgumentNullException.ThrowIfNull(report);
        var key = new ResourceKey(pod.Namespace, pod.Name);
        ApiResult<Pod> patched = await client.PatchAsync(KnownResources.Pods, key, Patch.Merge(Annotation(pod, report.Redirection), Component), cancellation, "status");
        if (patched.Error is { } error && !await IsGoneAsync(error, key, pod.ObjectUid, cancellation))
        {
            return new ReportResult($"annotation of {key}: {error}");
        }

        if (patched.Error is null && report is { Redirection: ReportedRedirection.Pending, Text: { } text })
        {
            await SayAsync(pod, text, cancellation);
        }
        else if (report.Redirection != ReportedRedirection.Pending)
        {
            lock (_gate)
            {
                _said.Remove(pod.Uid);
            }
        }

        return new ReportResult(null, patched.Value is { } written ? PodRecords.VersionOf(written) : 0);
    }

    private static byte[] Annotation(PodFacts pod, ReportedRedirection redirection)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteStartObject("metadata");

            // Another pod of the same name is refused by its UID.
            writer.WriteString("uid", pod.ObjectUid);
            writer.WriteStartObject("annotations");

            // Null takes it away.
            writer.WriteString(EnrolmentRules.RedirectionAnnotation, PodReporting.TextOf(redirection));

            writer.WriteEndObject();
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        return buffer.ToArray();
    }

    /// <summary>Whether the error only says that the pod is not there any more, itself or by a successor of its name.</summary>
    private async Task<bool> IsGoneAsync(ApiError error, ResourceKey key, string uid, CancellationToken cancellation)
    {
        if (error.IsNotFound)
        {
            return true;
        }

        if (!error.IsConflict && !error.IsInvalid)
        {
            return false;
        }

        ApiResult<Pod> now = await client.GetAsync(KnownResources.Pods, key, cancellation);
        return now.Error is { IsNotFound: true } || (now.Value is { } pod && pod.Metadata.Uid != uid);
    }

    private async Task SayAsync(PodFacts pod, string text, CancellationToken cancellation)
    {
        lock (_gate)
        {
            if (_said.TryGetValue(pod.Uid, out (string Text, long At) before) && before.Text == text && time.GetElapsedTime(before.At) < SayAgain)
            {
                return;
            }

            if (_said.Count >= Remembered)
            {
                _said.Clear();
            }

            _said[pod.Uid] = (text, time.GetTimestamp());
        }

        DateTimeOffset now = time.GetUtcNow();
        var said = new CoreEvent
        {
            Metadata = new ObjectMeta { Namespace = pod.Namespace, GenerateName = (pod.Name.Length > 200 ? pod.Name[..200] : pod.Name) + "." },
            InvolvedObject = new ObjectReference { ApiVersion = "v1", Kind = "Pod", Namespace = pod.Namespace, Name = pod.Name, Uid = pod.ObjectUid },
            Type = "Warning",
            Reason = "NotInMesh",
            Message = text.Length > LongestMessage ? text[..LongestMessage] : text,
            Action = "Enrol",
            Source = new EventSource { Component = Component, Host = node },
            ReportingComponent = Component,
            ReportingInstance = node,
            Count = 1,
            FirstTimestamp = now,
            LastTimestamp = now,
            EventTime = now,
        };

        // The annotation is the report; who may not write events has said it all the same.
        ApiResult<CoreEvent> written = await client.CreateAsync(KnownResources.Events, said, cancellation);
        if (written.Error is { } error)
        {
            log.Debug("an event could not be written", LogField.Of("pod", pod.Namespace + "/" + pod.Name), LogField.Of("error", error.ToString()));
        }
    }
}

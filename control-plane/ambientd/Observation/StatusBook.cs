using System.Buffers;
using System.Collections.Concurrent;
using System.Text.Json;
using Ambient.ControlPlane.Discovery.Conditions;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Services;
using Ambient.Telemetry.Logging;

namespace Ambient.ControlPlane.Observation;

/// <summary>
/// What objects' statuses say where nobody writes them into the objects: beside a folder of manifests, and about kinds without a status. Each line is logged when it is new,
/// and all of them are there for who asks. Thread-safe.
/// </summary>
/// <param name="isWritten">Whether statuses are written elsewhere.</param>
/// <param name="log">Where each line goes once per change.</param>
internal sealed class StatusBook(bool isWritten, Logger log)
{
    private readonly ConcurrentDictionary<(ResourceType Type, ResourceKey Key, string Speaker), SaidCondition[]> _said = new();

    /// <summary>What a part of the control plane says about objects.</summary>
    internal void Note(string speaker, IReadOnlyList<ObjectConditions> conditions)
    {
        foreach (ObjectConditions each in conditions)
        {
            Note(each.Type, each.Key, speaker, [.. each.Wanted.Select(static said => new SaidCondition("", said)), .. (each.Parents ?? []).SelectMany(Of)]);
        }
    }

    /// <summary>What is said about a Gateway's listeners; null: nothing any more.</summary>
    internal void NoteListeners(ResourceKey gateway, IReadOnlyList<ListenerConditions>? listeners) => Note(
        KnownResources.Gateways,
        gateway,
        "listeners",
        [.. (listeners ?? []).SelectMany(static listener => listener.Wanted.Select(said => new SaidCondition("listener " + listener.Name, said)))]);

    /// <summary>An object cannot be read.</summary>
    internal void Refuse(ResourceType type, ResourceKey key, string problem)
    {
        // The log has it.
        if (!isWritten)
        {
            _said[(type, key, "reading")] = [new SaidCondition("", new Condition { Type = ConditionTypes.Readable, Status = "False", Reason = "Invalid", Message = problem })];
        }
    }

    /// <summary>An object as it is now can be read; null: it is gone.</summary>
    internal void See(ResourceType type, ResourceKey key, Resource? now)
    {
        _said.TryRemove((type, key, "reading"), out _);
        if (now is null)
        {
            foreach ((ResourceType Type, ResourceKey Key, string Speaker) about in new[] { (type, key, "discovery"), (type, key, "routing"), (type, key, "listeners") })
            {
                _said.TryRemove(about, out _);
            }
        }
    }

    /// <summary>All of it as JSON, in order.</summary>
    internal ReadOnlyMemory<byte> Page()
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartArray();
            foreach (IGrouping<(string Kind, ResourceKey Key), SaidCondition[]> group in _said
                .GroupBy(static pair => (pair.Key.Type.Kind, pair.Key.Key), static pair => pair.Value)
                .OrderBy(static group => group.Key.Kind, StringComparer.Ordinal).ThenBy(static group => group.Key.Key.ToString(), StringComparer.Ordinal))
            {
                Write(json, group.Key.Kind, group.Key.Key, group.SelectMany(static said => said));
            }

            json.WriteEndArray();
        }

        return buffer.WrittenMemory;
    }

    private static IEnumerable<SaidCondition> Of(ParentConditions parent) =>
        (parent.Wanted ?? []).Select(said => new SaidCondition($"parent {parent.Parent.Kind ?? "Gateway"} {parent.Parent.Name}{(parent.Parent.SectionName is { } section ? "/" + section : "")}", said));

    private static void Write(Utf8JsonWriter json, string kind, ResourceKey key, IEnumerable<SaidCondition> conditions)
    {
        json.WriteStartObject();
        json.WriteString("kind", kind);
        json.WriteString("namespace", key.Namespace);
        json.WriteString("name", key.Name);
        json.WriteStartArray("conditions");
        foreach (SaidCondition said in conditions)
        {
            json.WriteStartObject();
            if (said.About.Length > 0)
            {
                json.WriteString("about", said.About);
            }

            json.WriteString("type", said.Condition.Type);
            json.WriteString("status", said.Condition.Status);
            json.WriteString("reason", said.Condition.Reason);
            json.WriteString("message", said.Condition.Message);
            json.WriteBoolean("isProblem", said.IsBad);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private void Note(ResourceType type, ResourceKey key, string speaker, SaidCondition[] now)
    {
        if (isWritten && type is not ResourceType<EndpointSlice>)
        {
            return;
        }

        (ResourceType, ResourceKey, string) about = (type, key, speaker);
        SaidCondition[] before = _said.GetValueOrDefault(about) ?? [];
        if (now.Length > 0)
        {
            _said[about] = now;
        }
        else
        {
            _said.TryRemove(about, out _);
        }

        foreach (SaidCondition news in now.Except(before))
        {
            log.Log(
                news.IsBad ? LogLevel.Warn : LogLevel.Info,
                "the status of an object",
                LogField.Of("object", $"{type.Kind}/{key}"),
                LogField.Of("condition", news.ToString()),
                LogField.Of("message", news.Condition.Message));
        }
    }
}

using System.Buffers;
using System.Text.Json;
using Ambient.Telemetry.Http;
using Ambient.Xds.Server.Serving;
using Ambient.Xds.Server.Sessions;

namespace Ambient.ControlPlane.Observation;

/// <summary>Answers <c>/debug/syncz</c> with what this replica's clients hold: how far they are, what they refuse and what they do not answer. Hands everything else on. Thread-safe.</summary>
internal sealed class SyncPage(Func<IReadOnlyList<XdsClientStatus>> clients, TimeProvider clock, IHttpHandler rest) : IHttpHandler
{
    private const string Path = "/debug/syncz";

    public ValueTask<HttpAnswer> HandleAsync(HttpRequest request, CancellationToken cancellationToken) =>
        request.Path == Path ? ValueTask.FromResult(new HttpAnswer(200, "application/json", Page())) : rest.HandleAsync(request, cancellationToken);

    internal ReadOnlyMemory<byte> Page()
    {
        DateTimeOffset now = clock.GetUtcNow();
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartArray();
            foreach (XdsClientStatus client in clients().OrderBy(static client => client.Id, StringComparer.Ordinal))
            {
                json.WriteStartObject();
                json.WriteString("id", client.Id);
                json.WriteString("node", client.Node);
                json.WriteString("peer", client.Peer);
                json.WriteNumber("connectedSeconds", (long)(now - client.Connected).TotalSeconds);
                json.WriteStartArray("types");
                foreach (XdsTypeStatus type in client.Types)
                {
                    Write(json, type, now);
                }

                json.WriteEndArray();
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        return buffer.WrittenMemory;
    }

    private static void Write(Utf8JsonWriter json, XdsTypeStatus type, DateTimeOffset now)
    {
        json.WriteStartObject();
        json.WriteString("type", type.TypeUrl);
        json.WriteNumber("sent", type.SentSequence);
        json.WriteNumber("acked", type.AckedSequence);
        json.WriteBoolean("isWildcard", type.IsWildcard);
        if (type.AwaitingSince is { } since)
        {
            json.WriteNumber("unansweredSeconds", (long)(now - since).TotalSeconds);
        }

        if (type.Refusal is { } refusal)
        {
            json.WriteString("refusal", refusal);
        }

        if (type.Refused.Count > 0)
        {
            json.WriteStartArray("refused");
            foreach ((string name, string reason) in type.Refused)
            {
                json.WriteStartObject();
                json.WriteString("name", name);
                json.WriteString("reason", reason);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
    }
}

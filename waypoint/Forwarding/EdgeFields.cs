using Ambient.Routing.Messages;
using Ambient.Waypoint.Tunnels;

namespace Ambient.Waypoint.Forwarding;

/// <summary>Fields that a waypoint adds, removes and does not believe (waypoint reference 1.7).</summary>
internal static class EdgeFields
{
    /// <summary>An authority whose host is written without the final dot that DNS allows: one name, one meaning, for listeners, policies and routes.</summary>
    public static string WithoutFinalDot(string authority)
    {
        int colon = authority.LastIndexOf(':');
        int end = colon < 0 || authority.AsSpan(colon).Contains(']') ? authority.Length : colon;
        return end > 0 && authority[end - 1] == '.' ? authority.Remove(end - 1, 1) : authority;
    }

    /// <summary>Before policies see the request.</summary>
    public static void Prepare(RequestHead head, RequestFacts facts, InboundTunnel tunnel)
    {
        FieldList fields = head.Fields;
        if (tunnel.Edge is not null)
        {
            ClientFields.Prepare(head, facts, tunnel);
            return;
        }

        for (int i = fields.Count - 1; i >= 0; i--)
        {
            // Commands for a proxy, from somebody who is none (Q25), and identities that were not proved.
            if (fields.Name(i).StartsWith("x-envoy-", StringComparison.Ordinal) || fields.Name(i).SequenceEqual("x-forwarded-client-cert"))
            {
                fields.RemoveAt(i);
            }
        }

        if (tunnel.Configuration.Settings.ForwardClientIdentity && tunnel.Facts.Client is { } client)
        {
            fields.Set("x-forwarded-client-cert", $"By={tunnel.Loop.Identity};URI={client}");
        }

        if (!fields.Contains("x-request-id"))
        {
            fields.Add("x-request-id", Guid.NewGuid().ToString());
        }

        // Bytes inside a tunnel are plain; who terminated TLS before says so.
        if (fields.TryGet("x-forwarded-proto", out ReadOnlySpan<char> scheme))
        {
            head.Scheme = scheme.SequenceEqual("https") ? "https" : "http";
        }
        else
        {
            head.Scheme = "http";
            fields.Add("x-forwarded-proto", "http");
        }
    }

    /// <summary>Before the client sees the answer.</summary>
    public static void Finish(FieldList fields, InboundTunnel tunnel, bool isOwn)
    {
        string server = tunnel.Configuration.Settings.ServerHeader;
        if (server != "disabled")
        {
            fields.Set("server", server.Length > 0 ? server : "istio-envoy");
        }

        if (isOwn)
        {
            fields.Set("date", tunnel.Loop.Clock.GetUtcNow().ToString("r", System.Globalization.CultureInfo.InvariantCulture));
        }
    }
}

using System.Globalization;
using Ambient.Mesh.Addresses;
using Ambient.Protocol.L7;
using Ambient.Routing.Messages;
using Ambient.Waypoint.Edges;
using Ambient.Waypoint.Tunnels;

namespace Ambient.Waypoint.Forwarding;

/// <summary>What is believed of a client outside the mesh, and what endpoints are told about it (waypoint reference 7.3).</summary>
internal static class ClientFields
{
    private const string ForwardedFor = "x-forwarded-for";
    private const string ForwardedProto = "x-forwarded-proto";
    private const string ForwardedCertificateField = "x-forwarded-client-cert";
    private const int MaxForwarded = 64;

    /// <summary>Before policies see the request.</summary>
    public static void Prepare(RequestHead head, RequestFacts facts, InboundTunnel tunnel)
    {
        FieldList fields = head.Fields;
        WaypointSettings settings = tunnel.Configuration.Settings;
        bool isProxied = settings.TrustedProxies > 0;
        for (int i = fields.Count - 1; i >= 0; i--)
        {
            // Commands for a proxy, from somebody who is none; what only a waypoint may say.
            if (fields.Name(i).StartsWith("x-envoy-", StringComparison.Ordinal) || fields.Name(i).SequenceEqual("x-istio-source"))
            {
                fields.RemoveAt(i);
            }
        }

        facts.RemoteAddress = ClientOf(fields, settings.TrustedProxies, tunnel.Source.Address);
        Append(fields, tunnel.Source.Address);
        if (!IsPrivate(facts.RemoteAddress))
        {
            fields.Set("x-envoy-external-address", facts.RemoteAddress.ToString());
        }

        if (!isProxied || !fields.Contains("x-request-id"))
        {
            fields.Set("x-request-id", Guid.NewGuid().ToString());
        }

        string scheme = tunnel.Edge!.IsTls ? "https" : "http";
        if (isProxied && fields.TryGet(ForwardedProto, out ReadOnlySpan<char> said) && (said.SequenceEqual("https") || said.SequenceEqual("http")))
        {
            scheme = said.ToString();
        }

        head.Scheme = scheme;
        fields.Set(ForwardedProto, scheme);
        SetCertificate(fields, settings.ForwardedCertificate, tunnel.Edge.Client, tunnel);
    }

    /// <summary>
    /// Whether a request has passed more proxies than any chain has: somewhere its routes lead in a circle, perhaps over other replicas and other gateways. Each of them
    /// appends one address.
    /// </summary>
    public static bool IsGoingRound(FieldList fields)
    {
        int passed = 0;
        for (int i = 0; i < fields.Count; i++)
        {
            if (fields.Name(i).SequenceEqual(ForwardedFor))
            {
                passed += 1 + fields.Value(i).Count(',');
            }
        }

        return passed > MaxForwarded;
    }

    /// <summary>The address that the last trusted proxy says, or that of the peer when it says none.</summary>
    internal static IpAddress ClientOf(FieldList fields, uint trusted, IpAddress peer)
    {
        if (trusted == 0)
        {
            return peer;
        }

        // From the right: each proxy appends whom it saw.
        uint seen = 0;
        for (int i = fields.Count - 1; i >= 0; i--)
        {
            if (!fields.Name(i).SequenceEqual(ForwardedFor))
            {
                continue;
            }

            ReadOnlySpan<char> left = fields.Value(i);
            while (true)
            {
                int comma = left.LastIndexOf(',');
                ReadOnlySpan<char> item = left[(comma + 1)..].Trim();
                if (++seen == trusted)
                {
                    return IpAddress.TryParse(item, out IpAddress address) ? address : peer;
                }

                if (comma < 0 || seen >= MaxForwarded)
                {
                    break;
                }

                left = left[..comma];
            }
        }

        return peer;
    }

    /// <summary>Whether nobody outside can have an address.</summary>
    internal static bool IsPrivate(IpAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        int count = address.WriteBytes(bytes);
        return count == 4
            ? bytes[0] is 10 or 127 || (bytes[0] == 172 && (bytes[1] & 0xF0) == 16) || (bytes[0] == 192 && bytes[1] == 168) || (bytes[0] == 169 && bytes[1] == 254)
            : address.IsLoopback || (bytes[0] & 0xFE) == 0xFC || (bytes[0] == 0xFE && (bytes[1] & 0xC0) == 0x80);
    }

    private static void Append(FieldList fields, IpAddress peer)
    {
        string text = peer.ToString();
        string? joined = null;
        for (int i = 0; i < fields.Count; i++)
        {
            if (fields.Name(i).SequenceEqual(ForwardedFor))
            {
                joined = joined is null ? fields.Value(i).ToString() : string.Create(CultureInfo.InvariantCulture, $"{joined},{fields.Value(i)}");
            }
        }

        fields.Set(ForwardedFor, joined is null ? text : $"{joined},{text}");
    }

    // Only who shows a certificate is believed to forward one, and only where the settings say so.
    private static void SetCertificate(FieldList fields, ForwardedCertificate mode, ClientCertificate? client, InboundTunnel tunnel)
    {
        string? before = fields.Text(ForwardedCertificateField);
        string? own = client is null ? null : $"By={tunnel.Loop.Identity};{client.Element()}";
        string? after = mode switch
        {
            ForwardedCertificate.ForwardOnly => client is null ? null : before,
            ForwardedCertificate.AppendForward => own is null ? null : before is null ? own : $"{before},{own}",
            ForwardedCertificate.SanitizeSet => own,
            ForwardedCertificate.AlwaysForwardOnly => before,
            _ => null,
        };
        fields.Remove(ForwardedCertificateField);
        if (after is { Length: > 0 })
        {
            fields.Add(ForwardedCertificateField, after);
        }
    }
}

using System.Text;
using Ambient.Mesh.Addresses;
using Ambient.Mesh.Identities;
using Ambient.Protocol.Envoy.Authorization;
using Ambient.Routing.Messages;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace Ambient.Routing.Authorizers;

/// <summary>What gRPC authorisers are asked and what their answers mean (waypoint reference 2.6.8). Pure.</summary>
public static class CheckMessages
{
    /// <summary>The method's path.</summary>
    public const string Method = "/envoy.service.auth.v3.Authorization/Check";

    private const int MaxFields = 100;

    /// <summary>The question about a request, or about a connection when there is none.</summary>
    public static CheckRequest Ask(ExternalAuthorizer authorizer, RequestFacts facts, IpPort source, SpiffeId? own, DateTimeOffset time, ReadOnlySpan<byte> body, bool isPartial)
    {
        Request request = new() { Time = time.ToTimestamp() };
        if (facts.Head is { } head)
        {
            request.Http = Http(authorizer, head, body, isPartial);
        }

        return new CheckRequest
        {
            Attributes = new AttributeContext
            {
                Source = Peer(source.Address, source.Port, facts.Client),
                Destination = Peer(facts.DestinationAddress, facts.DestinationPort, own),
                Request = request,
            },
        };
    }

    /// <summary>What an answer means; one that cannot be read is no answer.</summary>
    public static AuthorizerVerdict Judge(ExternalAuthorizer authorizer, ReadOnlySpan<byte> message)
    {
        CheckResponse response;
        try
        {
            response = CheckResponse.Parser.ParseFrom(message);
        }
        catch (Exception malformed) when (malformed is InvalidProtocolBufferException or InvalidOperationException)
        {
            return authorizer.OnError();
        }

        // A message without a status says nothing: it must not be taken for OK.
        if (response.Status is not { } status)
        {
            return authorizer.OnError();
        }

        return status.Code == 0 ? Allowed(response.OkResponse) : Denied(response.DeniedResponse);
    }

    private static AuthorizerVerdict Allowed(OkHttpResponse? ok)
    {
        AuthorizerVerdict verdict = new() { IsAllowed = true };
        if (ok is not null)
        {
            foreach (HeaderValueOption option in ok.Headers.Take(MaxFields))
            {
                if (TryRead(option, out string name, out string value))
                {
                    (option.Append == true ? verdict.UpstreamAdded : verdict.Upstream).Add(name, value);
                }
            }

            verdict.Removed.AddRange(ok.HeadersToRemove.Select(name => name.ToLowerInvariant()).Where(name => !ExternalAuthorizer.IsHop(name)).Take(MaxFields));
            Copy(ok.ResponseHeadersToAdd, verdict.Client);
        }

        return verdict;
    }

    private static AuthorizerVerdict Denied(DeniedHttpResponse? denied)
    {
        AuthorizerVerdict verdict = new()
        {
            IsAllowed = false,
            Status = denied?.Status?.Code is >= 200 and < 600 and int code ? code : 403,
            Body = Encoding.UTF8.GetBytes(denied?.Body ?? ""),
        };
        Copy(denied?.Headers ?? [], verdict.Client);
        return verdict;
    }

    private static void Copy(IEnumerable<HeaderValueOption> options, FieldList fields)
    {
        foreach (HeaderValueOption option in options.Take(MaxFields))
        {
            if (TryRead(option, out string name, out string value))
            {
                fields.Add(name, value);
            }
        }
    }

    // Whatever stands in a message, it must not become a second field or a second message.
    private static bool TryRead(HeaderValueOption option, out string name, out string value)
    {
        name = option.Header?.Key.ToLowerInvariant() ?? "";
        value = option.Header is { RawValue.Length: > 0 } raw ? Encoding.Latin1.GetString(raw.RawValue.Span) : option.Header?.Value ?? "";
        return !ExternalAuthorizer.IsHop(name) && !name.AsSpan().ContainsAnyExcept(Token) && !value.AsSpan().ContainsAny('\r', '\n', '\0');
    }

    private static HttpRequest Http(ExternalAuthorizer authorizer, RequestHead head, ReadOnlySpan<byte> body, bool isPartial)
    {
        HttpRequest http = new()
        {
            Id = head.Fields.Text("x-request-id") ?? "",
            Method = head.Method,
            Path = head.Target,
            Host = head.Authority,
            Scheme = head.Scheme,
            Size = head.Fields.TryGet("content-length", out ReadOnlySpan<char> length) && long.TryParse(length, out long size) ? size : -1,
            Protocol = "HTTP/1.1",
        };
        http.Headers[":method"] = head.Method;
        http.Headers[":path"] = head.Target;
        http.Headers[":authority"] = head.Authority;
        http.Headers[":scheme"] = head.Scheme;
        for (int i = 0; i < head.Fields.Count; i++)
        {
            string name = head.Fields.Name(i).ToString();
            string value = head.Fields.Value(i).ToString();
            http.Headers[name] = http.Headers.TryGetValue(name, out string? before) ? $"{before},{value}" : value;
        }

        foreach (Protocol.L7.HeaderValue added in authorizer.Settings.AdditionalFields)
        {
            http.Headers[added.Name.ToLowerInvariant()] = added.Value;
        }

        if (authorizer.WantedBody > 0)
        {
            http.Headers["x-envoy-auth-partial-body"] = isPartial ? "true" : "false";
            if (authorizer.Settings.Body.AsBytes)
            {
                http.RawBody = ByteString.CopyFrom(body);
            }
            else
            {
                http.Body = Encoding.UTF8.GetString(body);
            }
        }

        return http;
    }

    private static Peer Peer(IpAddress address, ushort port, SpiffeId? identity) => new()
    {
        Address = new Address { SocketAddress = new SocketAddress { Address = address.ToString(), PortValue = port } },
        Principal = identity?.ToString() ?? "",
    };

    private static readonly System.Buffers.SearchValues<char> Token =
        System.Buffers.SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-.^_`|~");
}

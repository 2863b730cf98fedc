using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;
using Ambient.Component.Tests.Ztunnel;
using Ambient.Testing.Facts;
using Ambient.Testing.Networks;
using Ambient.Testing.Waiting;
using Ambient.Topology.Processes;

namespace Ambient.Component.Tests.Waypoints;

/// <summary>Requests in HTTP/2 that would be two in HTTP/1.1, or another one, sent through the waypoint to Node's lenient parser: it may see only what was routed.</summary>
public sealed class Http2SmugglingTests
{
    private const string Inner = "GET /smuggled HTTP/1.1\r\nHost: cart\r\n\r\n";

    // What replaces or follows the fields of an honest request, and its body.
    private static readonly (string Name, string Value, string Body)[] Attacks =
    [
        ("x", "y\r\n\r\n" + Inner, ""),
        ("x", "y\n\n" + Inner, ""),
        ("x", "y\r\nContent-Length: 0\r\n\r\n" + Inner, ""),
        ("x: y\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: cart\r\n\r\nz", "1", ""),
        (":path", "/ HTTP/1.1\r\nHost: cart\r\n\r\n" + Inner, ""),
        (":path", "/front HTTP/1.1 x", ""),
        (":path", "smuggled", ""),
        (":path", "http://other/smuggled", ""),
        (":method", "GET /smuggled HTTP/1.1\r\nHost: cart\r\n\r\nGET", ""),
        (":method", "GET /smuggled", ""),
        (":authority", "cart\r\n\r\n" + Inner, ""),
        (":authority", "cart/smuggled?", ""),
        (":authority", "user@cart", ""),
        (":scheme", "http\r\n\r\n" + Inner, ""),
        ("host", "other", ""),
        ("transfer-encoding", "chunked", "0\r\n\r\n" + Inner),
        ("Transfer-Encoding", "chunked", "0\r\n\r\n" + Inner),
        ("transfer-encoding\u000b", "chunked", "0\r\n\r\n" + Inner),
        ("te", "trailers, chunked", Inner),
        ("connection", "content-length", Inner),
        ("upgrade", "websocket", Inner),
        ("content-length", "0", Inner),
        ("content-length", "4", Inner),
        ("content-length", "1000", Inner),
        ("content-length", "+38", Inner),
        ("content-length", "38, 38", Inner),
        ("content-length", "0x26", Inner),
        ("expect", "100-continue", Inner),
        ("http2-settings", "AAMAAABkAAQAAP__", Inner),
        (":protocol", "websocket", Inner),
        (":status", "200", Inner),
    ];

    [RequiresToolFact("nft,node", root: true)]
    public async Task WhateverIsSent_EndpointsSeeOnlyWhatWasRouted()
    {
        await using WaypointMesh mesh = await WaypointMesh.StartAsync([]);
        Peer node = mesh.Pair.Network.Start(new ProcessPlan("node", "node", Path.Combine(AppContext.BaseDirectory, "Waypoints", "recorder.js"), "9001")
        {
            NamespaceName = mesh.Pair.Server.NamespaceName,
            LogPath = Path.Combine(mesh.Pair.Network.Directory, "node.log"),
        });
        await node.LineAsync("LISTENING");
        foreach ((string name, string value, string body) in Attacks)
        {
            await SendAsync(mesh, Request(name, value, body));
        }

        // An honest one is routed, on a connection that an attack has just been made on as well.
        await SendAsync(mesh, [.. Request("x", "a\r\nb", ""), .. Head(3, true, Fields([("x", "honest")]))]);
        await Eventually.TrueAsync(() => Task.FromResult(node.Log.Contains("SEEN POST /front 0", StringComparison.Ordinal)));
        Assert.DoesNotContain("smuggled", node.Log, StringComparison.Ordinal);
        Assert.DoesNotContain("SEEN GET", node.Log, StringComparison.Ordinal);
        Assert.DoesNotContain("defect", mesh.Waypoint.Log, StringComparison.Ordinal);
    }

    private static byte[] Request(string name, string value, string body)
    {
        byte[] head = Head(1, body.Length == 0, Fields([(name, value)]));
        return body.Length == 0 ? head : [.. head, .. Frame(0, 1, 1, Encoding.Latin1.GetBytes(body))];
    }

    private static List<(string Name, string Value)> Fields((string Name, string Value)[] more)
    {
        List<(string Name, string Value)> fields = [(":method", "POST"), (":scheme", "http"), (":authority", "cart"), (":path", "/front")];
        foreach ((string name, string value) in more)
        {
            int same = fields.FindIndex(field => field.Name == name);
            if (same >= 0)
            {
                fields[same] = (name, value);
            }
            else
            {
                fields.Insert(name.StartsWith(':') ? 0 : fields.Count, (name, value));
            }
        }

        return fields;
    }

    private static byte[] Head(int stream, bool isEnd, List<(string Name, string Value)> fields)
    {
        List<byte> block = [];
        foreach ((string name, string value) in fields)
        {
            block.Add(0);
            block.Add((byte)name.Length);
            block.AddRange(Encoding.Latin1.GetBytes(name));
            block.Add((byte)value.Length);
            block.AddRange(Encoding.Latin1.GetBytes(value));
        }

        return Frame(1, isEnd ? 5 : 4, stream, [.. block]);
    }

    private static byte[] Frame(byte type, int flags, int stream, byte[] payload)
    {
        byte[] frame = new byte[9 + payload.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame, payload.Length << 8);
        frame[3] = type;
        frame[4] = (byte)flags;
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), stream);
        payload.CopyTo(frame, 9);
        return frame;
    }

    private static async Task SendAsync(WaypointMesh mesh, byte[] frames)
    {
        using Socket socket = MeshPair.Connect(mesh.Pair.Client, MeshPair.Service);
        await socket.SendAsync((byte[])[.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, .. Frame(4, 0, 0, []), .. frames, .. Frame(6, 0, 0, new byte[8])]);
        socket.ReceiveTimeout = 20_000;
        byte[] buffer = new byte[16384];
        List<byte> answer = [];

        // The answer to the ping comes behind whatever was said about the request; a violation ends the connection instead.
        byte[] pong = Frame(6, 1, 0, new byte[8]);
        try
        {
            while (answer.ToArray().AsSpan().IndexOf(pong) < 0 && await socket.ReceiveAsync(buffer).WaitAsync(TimeSpan.FromSeconds(20)) is int read and > 0)
            {
                answer.AddRange(buffer.AsSpan(0, read));
            }
        }
        catch (SocketException)
        {
            // Reset: refused as well.
        }
    }
}

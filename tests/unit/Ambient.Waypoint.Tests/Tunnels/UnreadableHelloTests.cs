using System.Text;
using Ambient.Protocol.L7;
using Ambient.Testing.Clocks;
using Ambient.Waypoint.Tests.Forwarding;

namespace Ambient.Waypoint.Tests.Tunnels;

/// <summary>Clients of a TLS port whose hello only the endpoint may be able to read, and connections whose policies change while they begin.</summary>
public sealed class UnreadableHelloTests : IDisposable
{
    private static readonly AccessPolicy DenySecret = new()
    {
        Namespace = "bench",
        Name = "sni",
        Action = AccessAction.Deny,
        Rules = { new AccessRule { When = { new AccessCondition { Key = "connection.sni", Values = { "secret.example.com" } } } } },
    };

    private readonly ManualTime _time = new();
    private readonly LocalWaypoint _waypoint;

    public UnreadableHelloTests()
    {
        _waypoint = new LocalWaypoint(time: _time);
        _waypoint.Configure(access: [DenySecret], protocol: PortProtocol.Tls);
    }

    public void Dispose() => _waypoint.Dispose();

    [Fact]
    public void ReadableHello_MeetsThePolicy()
    {
        HeldPipe endpoint = _waypoint.Expect();
        HeldPipe allowed = _waypoint.ConnectRaw(), denied = _waypoint.ConnectRaw();
        denied.Receive(Hello("secret.example.com", 10));
        Assert.Equal((0, true), (_waypoint.Dialer.Dialled, denied.IsFinished));
        string hello = Hello("open.example.com", 10);
        allowed.Receive(hello);
        Assert.Equal(hello, endpoint.Sent);
    }

    [Theory]
    [InlineData(40 * 1024, "")]
    [InlineData(100 * 1024, "")]
    [InlineData(10, "\x15\x03\x01\x00\x02\x01\x00")]
    [InlineData(10, "\x14\x03\x01\x00\x01\x01")]
    [InlineData(10, "\x18\x03\x01\x00\x01\x01")]
    public void HelloThatCannotBeRead_ReachesNobody(int padding, string before)
    {
        HeldPipe client = _waypoint.ConnectRaw();
        client.Receive(before + Hello("secret.example.com", padding));
        Assert.Equal((0, true), (_waypoint.Dialer.Dialled, client.IsAborted));
    }

    /// <summary>A client that is silent for long has met policies without a name; its hello comes after all.</summary>
    [Fact]
    public void HelloThatCannotBeRead_EndsAConnectionThatIsOpen()
    {
        HeldPipe endpoint = _waypoint.Expect();
        HeldPipe client = _waypoint.ConnectRaw();
        Pass(1);
        Assert.Equal(1, _waypoint.Dialer.Dialled);
        client.Receive(Hello("secret.example.com", 40 * 1024));
        Assert.Equal((true, true, ""), (client.IsAborted, endpoint.IsAborted, endpoint.Sent));
    }

    [Fact]
    public void WhatIsNoTls_HasNoName()
    {
        HeldPipe endpoint = _waypoint.Expect();
        HeldPipe client = _waypoint.ConnectRaw();
        client.Receive("hello");
        Assert.Equal("hello", endpoint.Sent);
    }

    [Fact]
    public void PolicyThatComesWhileAConnectionIsBeingLookedAt_IsMet()
    {
        _waypoint.Configure(protocol: PortProtocol.Detect);
        HeldPipe client = _waypoint.ConnectRaw();
        AccessPolicy deny = new() { Namespace = "bench", Name = "deny", Action = AccessAction.Deny, Rules = { new AccessRule() } };
        _waypoint.Configure(access: [deny], protocol: PortProtocol.Detect);
        Pass(1);
        Assert.Equal((0, true), (_waypoint.Dialer.Dialled, client.IsFinished));
    }

    private void Pass(int seconds)
    {
        _time.Advance(TimeSpan.FromSeconds(seconds));
        _waypoint.Turn();
        _waypoint.Turn();
    }

    // A hello of TLS 1.2 with a server name and a padding extension, in as many records as it needs.
    private static string Hello(string name, int padding)
    {
        byte[] host = Encoding.ASCII.GetBytes(name);
        byte[] server = [0, 0, .. Two(host.Length + 5), .. Two(host.Length + 3), 0, .. Two(host.Length), .. host];
        List<byte> extensions = [.. server];
        for (int left = padding; left > 0; left -= 30_000)
        {
            int size = Math.Min(left, 30_000);
            extensions.AddRange([0, 21, .. Two(size), .. new byte[size]]);
        }

        byte[] body = [3, 3, .. new byte[32], 0, 0, 2, 0xC0, 0x2F, 1, 0, .. Two(Math.Min(extensions.Count, 65_535)), .. extensions];
        byte[] message = [1, (byte)(body.Length >> 16), (byte)(body.Length >> 8), (byte)body.Length, .. body];
        StringBuilder records = new();
        for (int at = 0; at < message.Length; at += 16_000)
        {
            byte[] part = message[at..Math.Min(message.Length, at + 16_000)];
            records.Append(Encoding.Latin1.GetString([22, 3, 1, .. Two(part.Length), .. part]));
        }

        return records.ToString();
    }

    private static byte[] Two(int number) => [(byte)(number >> 8), (byte)number];
}

using System.Text;
using Ambient.Waypoint.Tunnels;

namespace Ambient.Waypoint.Tests;

public sealed class DetectionTests
{
    [Theory]
    [InlineData("", DetectedProtocol.Undecided)]
    [InlineData("GE", DetectedProtocol.Undecided)]
    [InlineData("GET / HTT", DetectedProtocol.Undecided)]
    [InlineData("GET / HTTP/1.1\r\n", DetectedProtocol.Http1)]
    [InlineData("PROPFIND /x HTTP/1.1\n", DetectedProtocol.Http1)]
    [InlineData("GET / HTTP/1.0\r\n", DetectedProtocol.Other)]
    [InlineData("GET /\r\n", DetectedProtocol.Other)]
    [InlineData("\x16\x03\x01", DetectedProtocol.Other)]
    [InlineData("*1\r\n$4\r\nPING\r\n", DetectedProtocol.Other)]
    [InlineData("ehlo x\r\n", DetectedProtocol.Other)]
    [InlineData(" GET", DetectedProtocol.Other)]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAA", DetectedProtocol.Other)]
    [Trait("behaviour", "WP-26")]
    [Trait("behaviour", "WP-36")]
    public void FirstBytes_Tell(string bytes, DetectedProtocol expected) => Assert.Equal(expected, ProtocolDetector.Look(Encoding.Latin1.GetBytes(bytes)));
}

using Ambient.Mesh.Connections;

namespace Ambient.Mesh.Tests.Connections;

public class CloseReasonsTests
{
    /// <summary>The numbers leave the process: the list may only grow.</summary>
    private const string Golden =
        "None ClientClosed Completed PolicyDenied PolicyChanged UnknownSource SelfCall UnknownWaypoint UnknownGateway NoHealthyUpstream "
        + "NoServiceForAddress ConnectFailed ConnectTimeout HboneConnectTimeout CertificateUnavailable NoRoute TlsFailure PeerIdentityMismatch Http2Failure Refused "
        + "SendFailed ReceiveFailed PeerReset AppReset Drained Revoked IpMismatch BadAuthority UnknownHost UnknownPort "
        + "ProtocolError AbuseBudgetExceeded OutOfResources InternalError KeepAliveTimeout HandshakeTimeout PodRemoved NameNotResolved DiscoveryTimeout EndpointRemoved Aborted";

    private static readonly string[] Flags = ["-", "DENY", "CONNECT", "TLS_FAILURE", "H2_HANDSHAKE_FAILURE", "NETWORK_POLICY", "IDENTITY_ERROR", "CERT_REVOKED"];

    [Fact]
    public void Numbers_AreTheGolden() =>
        Assert.Equal(Golden.Split(' '), Enumerable.Range(0, CloseReasons.All.Count).Select(i => ((CloseReason)i).ToString()));

    [Fact]
    public void EachReason_HasItsOwnCodeAKnownFlagAndAdviceWhenItFailed()
    {
        HashSet<string> codes = [];
        foreach (CloseReason reason in CloseReasons.All)
        {
            CloseDescription description = CloseReasons.Describe(reason);
            Assert.True(codes.Add(description.Code), description.Code);
            Assert.Contains(description.ResponseFlag, Flags);
            Assert.True(!description.IsFailure || description.Advice.Length > 0, reason.ToString());
            Assert.InRange(description.HttpStatus, 200, 599);
        }
    }

    [Fact]
    public void UnknownNumber_IsAnInternalError() => Assert.Equal("internal_error", CloseReasons.Describe((CloseReason)9999).Code);

    [Theory]
    [InlineData(CloseReason.PolicyDenied, "DENY", 401)]
    [InlineData(CloseReason.IpMismatch, "CONNECT", 400)]
    [InlineData(CloseReason.HboneConnectTimeout, "NETWORK_POLICY", 503)]
    [InlineData(CloseReason.TlsFailure, "CONNECT", 503)]
    [InlineData(CloseReason.Drained, "-", 503)]
    [InlineData(CloseReason.Revoked, "CERT_REVOKED", 503)]
    public void Flags_AreThoseOfTheReference(CloseReason reason, string flag, int status)
    {
        CloseDescription description = CloseReasons.Describe(reason);
        Assert.Equal((flag, status), (description.ResponseFlag, description.HttpStatus));
    }
}

using System.Buffers;
using System.Text;
using Ambient.ControlPlane.Authority.Roots;
using Ambient.ControlPlane.Authority.Signing;
using Ambient.ControlPlane.Discovery.Indexing;
using Ambient.ControlPlane.Observation;
using Ambient.Telemetry.Metrics;
using Ambient.Testing.Clocks;
using Ambient.Xds.Server.Resources;

namespace Ambient.ControlPlane.Tests;

/// <summary>What an operator sees of certificates that end.</summary>
public sealed class PlaneMetricsTests
{
    private static readonly DateTimeOffset Now = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    [Trait("behaviour", "CP-202")]
    public void ExpiryOfRootAndChain_IsATime_AndHowLongThatIs_AndFollowsTheAuthority()
    {
        var clock = new ManualTime(Now);
        var authority = new AuthorityHolder();
        var registry = new MetricRegistry();
        _ = new PlaneMetrics(registry, new ResourceStore([MeshIndex.PolicyType, MeshIndex.AddressType]), authority, null!, clock);
        Assert.Null(Sample("citadel_server_root_cert_expiry_timestamp"));

        Assert.Null(authority.Replace(Made(Now), mayChangeRoots: false));
        DateTimeOffset end = authority.Current!.RootsNotAfter;
        Assert.Equal(end.ToUnixTimeSeconds(), Sample("citadel_server_root_cert_expiry_timestamp"));
        Assert.Equal(end.ToUnixTimeSeconds(), Sample("citadel_server_cert_chain_expiry_timestamp"));
        Assert.Equal((end - Now).TotalSeconds, Sample("citadel_server_root_cert_expiry_seconds"));
        clock.Advance(TimeSpan.FromHours(1));
        Assert.Equal((end - Now).TotalSeconds - 3600, Sample("citadel_server_root_cert_expiry_seconds"));
        Assert.Equal((end - Now).TotalSeconds - 3600, Sample("citadel_server_cert_chain_expiry_seconds"));

        double? Sample(string name)
        {
            var page = new ArrayBufferWriter<byte>();
            registry.WriteTo(page);
            string[] lines = [.. Encoding.UTF8.GetString(page.WrittenSpan).Split('\n').Where(line => line.StartsWith(name + " ", StringComparison.Ordinal))];
            return lines is [var only] ? double.Parse(only.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture) : null;
        }
    }

    private static SigningAuthority Made(DateTimeOffset from)
    {
        Assert.True(SelfSignedRoot.TryParse(SelfSignedRoot.CreatePem("cluster.local", from, SelfSignedRoot.DefaultLifetime), out SelfSignedRoot? root, out _));
        using (root)
        {
            Assert.True(root.TryMakeAuthority(null, from, out SigningAuthority? made, out string? error), error);
            return made;
        }
    }
}

using System.Net;
using Ambient.Linux.Namespaces;
using Ambient.Linux.Netlink;
using Ambient.Linux.Routing;

namespace Ambient.Linux.Tests.Routing;

public sealed class RoutingTablesTests
{
    [Fact]
    public void Rules_AreReadAsTheyAreWritten()
    {
        for (int seed = 0; seed < 500; seed++)
        {
            var random = new Random(seed);
            bool ipv6 = random.Next(2) == 0, isMarked = random.Next(2) == 0;
            var rule = new KernelRule
            {
                IsIpv6 = ipv6,
                Preference = (uint)random.Next(1, 40000),
                Target = (uint)random.Next(1, 40000),
                IsJump = random.Next(2) == 0,
                Mark = isMarked ? (uint)random.Next() : null,
                Mask = isMarked ? (uint)random.Next() : 0,
                InInterface = random.Next(2) == 0 ? "lo" : null,
                Transport = (byte)(random.Next(2) * 6),
                SourcePort = (ushort)(random.Next(2) * random.Next(65536)),
                DestinationPort = (ushort)(random.Next(2) * random.Next(65536)),
                Source = random.Next(2) == 0 ? Address(random, ipv6) : null,
                Destination = random.Next(2) == 0 ? Address(random, ipv6) : null,
            };
            var writer = new NetlinkWriter();
            RoutingTables.Write(writer, rule);
            KernelRule read = RoutingTables.ReadRule(writer.Written.ToArray());
            Assert.True(rule == read, $"seed {seed}: {rule} became {read}");
        }
    }

    [Fact]
    public void MainTablesRule_IsInEveryNamespace()
    {
        using NetworkNamespace here = NetworkNamespace.Current();
        using var tables = new RoutingTables(here);
        Assert.Contains(new KernelRule { Preference = 32766, Target = 254 }, tables.Rules(ipv6: false));
        Assert.DoesNotContain(tables.LocalRoutes(ipv6: false), r => r.Table == 254);
    }

    private static IPAddress Address(Random random, bool ipv6)
    {
        byte[] bytes = new byte[ipv6 ? 16 : 4];
        random.NextBytes(bytes);
        return new IPAddress(bytes);
    }
}

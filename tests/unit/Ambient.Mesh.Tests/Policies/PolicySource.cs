using Ambient.Mesh.Addresses;
using Ambient.Mesh.Identities;
using Ambient.Mesh.Policies;
using Ambient.Mesh.Workloads;

namespace Ambient.Mesh.Tests.Policies;

/// <summary>Random policies and connections over few values, so that they meet.</summary>
internal sealed class PolicySource(Random random)
{
    private static readonly string[] Spaces = ["a", "b", "ab", ""];
    private static readonly string[] Accounts = ["x", "y", "xy"];
    private static readonly string[] Addresses = ["10.0.0.1", "10.0.0.2", "10.0.1.1", "fd00::1", "fd00::2"];
    private static readonly string[] Prefixes = ["10.0.0.1/32", "10.0.0.0/24", "10.0.0.0/8", "0.0.0.0/0", "fd00::1/128", "fd00::/64", "::/0", "10.0.1.1"];
    private static readonly ushort[] Ports = [80, 443, 8080];

    internal ConnectionFacts Facts() => new(
        new IpPort(IpAddress.Parse(Pick(Addresses)), 1000),
        new IpPort(IpAddress.Parse(Pick(Addresses)), Pick(Ports)),
        random.Next(4) == 0 ? null : new SpiffeId(random.Next(3) == 0 ? "td" : "cluster.local", Pick(Spaces[..3]), Pick(Accounts)),
        "");

    internal Workload Destination() => TestMesh.Workload("w", "10.0.0.1", spec =>
    {
        spec.Namespace = Pick(Spaces[..3]);
        for (int i = random.Next(3); i > 0; i--)
        {
            spec.AuthorizationPolicies.Add($"k{random.Next(95)}");
        }
    });

    internal AuthorizationPolicy Policy(string key) => new()
    {
        Name = key,
        Namespace = Pick(Spaces[..3]),
        Scope = random.Next(8) == 0 ? PolicyScope.Global : (PolicyScope)(1 + random.Next(2)),
        Action = random.Next(3) == 0 ? PolicyAction.Deny : PolicyAction.Allow,
        IsDryRun = random.Next(6) == 0,
        Rules = Some(3, () => new PolicyRule(Some(3, () => new PolicyClause(Some(3, Match))))),
    };

    private PolicyMatch Match() => new()
    {
        Namespaces = Rarely(() => Text(Pick(Spaces))),
        NotNamespaces = Rarely(() => Text(Pick(Spaces))),
        Principals = Rarely(() => Text(Principal())),
        NotPrincipals = Rarely(() => Text(Principal())),
        ServiceAccounts = Rarely(() => new ServiceAccountMatch(Pick(Spaces), Pick(Accounts))),
        NotServiceAccounts = Rarely(() => new ServiceAccountMatch(Pick(Spaces), Pick(Accounts))),
        SourceIps = Rarely(() => IpPrefix.Parse(Pick(Prefixes))),
        NotSourceIps = Rarely(() => IpPrefix.Parse(Pick(Prefixes))),
        DestinationIps = Rarely(() => IpPrefix.Parse(Pick(Prefixes))),
        NotDestinationIps = Rarely(() => IpPrefix.Parse(Pick(Prefixes))),
        DestinationPorts = Rarely(() => Pick(Ports)),
        NotDestinationPorts = Rarely(() => Pick(Ports)),
    };

    private string Principal() => $"{(random.Next(2) == 0 ? "td" : "cluster.local")}/ns/{Pick(Spaces)}/sa/{Pick(Accounts)}";

    private StringMatch Text(string value) => random.Next(6) switch
    {
        0 => StringMatch.Prefix(value[..random.Next(value.Length + 1)]),
        1 => StringMatch.Suffix(value[random.Next(value.Length + 1)..]),
        2 => StringMatch.Presence(),
        _ => StringMatch.Exact(value),
    };

    private List<T> Rarely<T>(Func<T> make) => random.Next(5) == 0 ? Some(3, make, 1) : [];

    private List<T> Some<T>(int most, Func<T> make, int least = 0)
    {
        List<T> items = [];
        for (int i = random.Next(least, most + 1); i > 0; i--)
        {
            items.Add(make());
        }

        return items;
    }

    private T Pick<T>(T[] items) => items[random.Next(items.Length)];
}

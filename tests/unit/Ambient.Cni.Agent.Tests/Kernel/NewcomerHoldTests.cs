using Ambient.Cni.Agent.Kernel;
using Ambient.Cni.Redirection.Rules;

namespace Ambient.Cni.Agent.Tests.Kernel;

public sealed class NewcomerHoldTests
{
    [Theory]
    [InlineData(RedirectionMethod.Translation, false)]
    [InlineData(RedirectionMethod.Translation, true)]
    [InlineData(RedirectionMethod.Sockets, false)]
    [InlineData(RedirectionMethod.Sockets, true)]
    public void EveryRule_Drops_AndOnlyWhatOpensAConnectionOrAsksForAName(RedirectionMethod method, bool more)
    {
        string text = NewcomerHold.Render(new RedirectionOptions { Method = method, DnsCapture = more, IngressMode = more });
        string[] rules = [.. text.Split('\n').Select(l => l.Trim()).Where(l => l.EndsWith("drop", StringComparison.Ordinal))];
        Assert.All(rules, r => Assert.True(r.Contains("tcp flags & (fin | syn | rst | ack) == syn", StringComparison.Ordinal) || r == "udp dport 15053 drop", r));
        Assert.Equal(1 + (more ? 2 : 0) + (method == RedirectionMethod.Sockets ? (more ? 1 : 3) : 0), rules.Length);

        // What is no rule is a table, a chain or its hook.
        string[] rest = [.. text.Split('\n').Select(l => l.Trim()).Except(rules)];
        Assert.All(rest, l => Assert.True(l.Length == 0 || l is "}" || l.StartsWith("add table inet ambient-hold", StringComparison.Ordinal) || l.StartsWith("delete table inet ambient-hold", StringComparison.Ordinal)
            || l.StartsWith("table inet ambient-hold", StringComparison.Ordinal) || l.StartsWith("chain ", StringComparison.Ordinal) || l.StartsWith("type filter hook ", StringComparison.Ordinal), l));
    }
}

using Ambient.Benchmarks.Network;

namespace Ambient.Benchmarks.Subjects;

/// <summary>The in-pod redirection in a benchmark namespace: outbound and inbound capture, and the way back of spoofed sources.</summary>
internal static class CaptureRules
{
    private const string Rules = """
        table inet ambient {
          chain prerouting_nat {
            type nat hook prerouting priority -100;
            ip daddr != 127.0.0.1 tcp dport != 15008 meta mark & 0xfff != 0x539 redirect to :15006;
          }
          chain output_nat {
            type nat hook output priority -100;
            meta l4proto tcp meta mark & 0xfff == 0x111 accept;
            oifname "lo" ip daddr != 127.0.0.1 accept;
            meta l4proto tcp ip daddr != 127.0.0.1 meta mark & 0xfff != 0x539 redirect to :15001;
          }
          chain prerouting_mangle {
            type filter hook prerouting priority -150;
            meta mark & 0xfff == 0x539 ct mark set ct mark & 0xfffff000 | 0x111;
          }
          chain output_mangle {
            type route hook output priority -150;
            ct mark & 0xfff == 0x111 meta mark set ct mark;
          }
        }
        """;

    /// <summary>Loads the rules, the route and the routing rule.</summary>
    public static void Apply(string ns)
    {
        string file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, Rules + "\n");
            Shell.Run("ip", "netns", "exec", ns, "nft", "-f", file);
        }
        finally
        {
            File.Delete(file);
        }

        Shell.Run("ip", "-n", ns, "rule", "add", "fwmark", "0x111/0xfff", "lookup", "100", "pref", "32764");
        Shell.Run("ip", "-n", ns, "route", "replace", "local", "0.0.0.0/0", "dev", "lo", "table", "100");
    }

    /// <summary>Takes everything back.</summary>
    public static void Remove(string ns)
    {
        Shell.TryRun("ip", "netns", "exec", ns, "nft", "delete", "table", "inet", "ambient");
        Shell.TryRun("ip", "-n", ns, "rule", "delete", "fwmark", "0x111/0xfff", "lookup", "100", "pref", "32764");
        Shell.TryRun("ip", "-n", ns, "route", "flush", "table", "100");
    }
}

using System.Globalization;
using System.Text.Json;
using Ambient.Cni.Redirection.Rules;
using Ambient.Cni.Redirection.Tools;
using Ambient.Cni.Redirection.Verification;
using Ambient.Linux.Namespaces;

namespace Ambient.Cni.Redirection.Routing;

/// <summary>
/// The routing rule and route that bring answers to spoofed sources back through loopback (cni-and-redirection.md 5.3). Each family
/// is looked at by itself, and what is already there, or already gone, is no error. Thread-safe.
/// </summary>
internal sealed class PolicyRouting(NetworkNamespace network, NamespaceTools tools)
{
    public async Task ApplyAsync(RedirectionOptions options, CancellationToken cancellation)
    {
        foreach (string family in Families)
        {
            if (!IsWanted(options, family))
            {
                await RemoveAsync(options, family, cancellation);
                continue;
            }

            string table = Number(options.RoutingTable);
            (await tools.RunAsync(["ip", family, "route", "replace", "local", AnyOf(family), "dev", "lo", "table", table], cancellation)).OrThrow("cannot write the pod's route (is its loopback up?)");
            if (await CountRulesAsync(options, family, cancellation) == 0)
            {
                (await tools.RunAsync(["ip", family, "rule", "add", .. Rule(options)], cancellation)).OrThrow("cannot write the pod's routing rule");
            }
        }
    }

    public async Task VerifyAsync(RedirectionOptions options, List<Difference> differences, CancellationToken cancellation)
    {
        foreach (string family in Families)
        {
            string place = family == "-4" ? "routing ipv4" : "routing ipv6";
            bool wanted = IsWanted(options, family);
            int rules = await CountRulesAsync(options, family, cancellation);
            bool route = await HasRouteAsync(options, family, cancellation);
            string rule = "rule " + string.Join(' ', Rule(options));
            string way = string.Create(CultureInfo.InvariantCulture, $"route local {AnyOf(family)} dev lo table {options.RoutingTable}");
            if (wanted != (rules > 0))
            {
                differences.Add(new Difference(wanted ? DifferenceKind.Missing : DifferenceKind.Unexpected, place, rule));
            }

            if (wanted != route)
            {
                differences.Add(new Difference(wanted ? DifferenceKind.Missing : DifferenceKind.Unexpected, place, way));
            }
        }
    }

    public async Task RemoveAsync(RedirectionOptions options, CancellationToken cancellation)
    {
        foreach (string family in Families)
        {
            await RemoveAsync(options, family, cancellation);
        }
    }

    private static string[] Families => ["-4", "-6"];

    private async Task RemoveAsync(RedirectionOptions options, string family, CancellationToken cancellation)
    {
        for (int left = await CountRulesAsync(options, family, cancellation); left > 0; left--)
        {
            ToolResult deleted = await tools.RunAsync(["ip", family, "rule", "del", .. Rule(options)], cancellation);
            if (!deleted.Succeeded && await CountRulesAsync(options, family, cancellation) > 0)
            {
                deleted.OrThrow("cannot remove the pod's routing rule");
            }
        }

        if (await HasRouteAsync(options, family, cancellation))
        {
            ToolResult deleted = await tools.RunAsync(["ip", family, "route", "del", "local", AnyOf(family), "dev", "lo", "table", Number(options.RoutingTable)], cancellation);
            if (!deleted.Succeeded && await HasRouteAsync(options, family, cancellation))
            {
                deleted.OrThrow("cannot remove the pod's route");
            }
        }
    }

    private async Task<int> CountRulesAsync(RedirectionOptions options, string family, CancellationToken cancellation)
    {
        ToolResult listed = await tools.RunAsync(["ip", "-N", "-j", family, "rule", "list"], cancellation);
        if (!listed.Succeeded && family == "-6")
        {
            // A kernel without IPv6.
            return 0;
        }

        string mark = string.Create(CultureInfo.InvariantCulture, $"0x{options.ReturnMark.Value:x}");
        string mask = string.Create(CultureInfo.InvariantCulture, $"0x{options.ReturnMark.Mask:x}");
        return Count(listed.OrThrow("cannot read the pod's routing rules").Output, entry =>
            entry.TryGetProperty("priority", out JsonElement priority) && priority.TryGetInt32(out int preference) && preference == options.RulePreference
            && Text(entry, "fwmark") == mark
            && (Text(entry, "fwmask") ?? "0xffffffff") == mask
            && Text(entry, "table") == Number(options.RoutingTable));
    }

    private async Task<bool> HasRouteAsync(RedirectionOptions options, string family, CancellationToken cancellation)
    {
        // Listing one table fails when it does not exist; listing all never does.
        ToolResult listed = await tools.RunAsync(["ip", "-N", "-j", family, "route", "show", "table", "all"], cancellation);
        if (!listed.Succeeded && family == "-6")
        {
            return false;
        }

        return Count(listed.OrThrow("cannot read the pod's routes").Output, entry =>
            Text(entry, "table") == Number(options.RoutingTable)
            && Text(entry, "dst") is "default"
            && Text(entry, "dev") == "lo"
            && Text(entry, "type") is "local" or "2") > 0;
    }

    private bool IsWanted(RedirectionOptions options, string family) =>
        family == "-4" || (options.Ipv6 && network.Run(ReadLoopbackSwitch) != "1");

    private static string ReadLoopbackSwitch()
    {
        try
        {
            return File.ReadAllText("/proc/sys/net/ipv6/conf/lo/disable_ipv6").Trim();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "1";
        }
    }

    private static int Count(string json, Func<JsonElement, bool> isOurs)
    {
        // iproute2 prints nothing at all for an empty list in some versions.
        if (string.IsNullOrWhiteSpace(json))
        {
            return 0;
        }

        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            return document.RootElement.ValueKind == JsonValueKind.Array
                ? document.RootElement.EnumerateArray().Count(e => e.ValueKind == JsonValueKind.Object && isOurs(e))
                : 0;
        }
        catch (JsonException e)
        {
            throw new RedirectionException("`ip -j` printed something that is not JSON", e);
        }
    }

    private static string[] Rule(RedirectionOptions options) =>
        ["fwmark", options.ReturnMark.ToString(), "lookup", Number(options.RoutingTable), "pref", Number(options.RulePreference)];

    private static string AnyOf(string family) => family == "-4" ? "0.0.0.0/0" : "::/0";

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static string? Text(JsonElement entry, string name) => entry.TryGetProperty(name, out JsonElement value)
        ? value.ValueKind == JsonValueKind.String ? value.GetString() : value.GetRawText()
        : null;
}

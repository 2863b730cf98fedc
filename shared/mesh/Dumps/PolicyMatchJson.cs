using System.Text.Json;
using Ambient.Mesh.Addresses;
using Ambient.Mesh.Policies;

namespace Ambient.Mesh.Dumps;

/// <summary>One match of a policy, members sorted, empty lists left out. Pure.</summary>
internal static class PolicyMatchJson
{
    public static void Write(Utf8JsonWriter json, PolicyMatch match)
    {
        json.WriteStartObject();
        Prefixes(json, "destinationIps", match.DestinationIps);
        Ports(json, "destinationPorts", match.DestinationPorts);
        Strings(json, "namespaces", match.Namespaces);
        Prefixes(json, "notDestinationIps", match.NotDestinationIps);
        Ports(json, "notDestinationPorts", match.NotDestinationPorts);
        Strings(json, "notNamespaces", match.NotNamespaces);
        Strings(json, "notPrincipals", match.NotPrincipals);
        Accounts(json, "notServiceAccounts", match.NotServiceAccounts);
        Prefixes(json, "notSourceIps", match.NotSourceIps);
        Strings(json, "principals", match.Principals);
        Accounts(json, "serviceAccounts", match.ServiceAccounts);
        Prefixes(json, "sourceIps", match.SourceIps);
        json.WriteEndObject();
    }

    private static void Strings(Utf8JsonWriter json, string name, IReadOnlyList<StringMatch> matches)
    {
        if (matches.Count == 0)
        {
            return;
        }

        json.WriteStartArray(name);
        foreach (StringMatch match in matches)
        {
            json.WriteStartObject();
            if (match.Kind == StringMatchKind.Presence)
            {
                json.WriteStartArray("Presence"u8);
                json.WriteEndArray();
            }
            else
            {
                json.WriteString(match.Kind switch { StringMatchKind.Exact => "Exact", StringMatchKind.Prefix => "Prefix", _ => "Suffix" }, match.Value);
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void Accounts(Utf8JsonWriter json, string name, IReadOnlyList<ServiceAccountMatch> matches)
    {
        if (matches.Count == 0)
        {
            return;
        }

        json.WriteStartArray(name);
        foreach (ServiceAccountMatch match in matches)
        {
            json.WriteStartObject();
            json.WriteString("namespace"u8, match.Namespace);
            json.WriteString("serviceAccount"u8, match.ServiceAccount);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void Prefixes(Utf8JsonWriter json, string name, IReadOnlyList<IpPrefix> prefixes)
    {
        if (prefixes.Count == 0)
        {
            return;
        }

        json.WriteStartArray(name);
        foreach (IpPrefix prefix in prefixes)
        {
            json.WriteStringValue(prefix.ToString());
        }

        json.WriteEndArray();
    }

    private static void Ports(Utf8JsonWriter json, string name, IReadOnlyList<ushort> ports)
    {
        if (ports.Count == 0)
        {
            return;
        }

        json.WriteStartArray(name);
        foreach (ushort port in ports)
        {
            json.WriteNumberValue(port);
        }

        json.WriteEndArray();
    }
}

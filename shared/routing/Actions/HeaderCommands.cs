using System.Collections.Frozen;

namespace Ambient.Routing.Actions;

/// <summary>The commands that header values may hold, and whether each takes an argument. Immutable.</summary>
public static class HeaderCommands
{
    private static readonly FrozenDictionary<string, bool> Known = new Dictionary<string, bool>(StringComparer.Ordinal)
    {
        ["REQ"] = true,
        ["RESP"] = true,
        ["START_TIME"] = false,
        ["PROTOCOL"] = false,
        ["RESPONSE_CODE"] = false,
        ["RESPONSE_FLAGS"] = false,
        ["HOSTNAME"] = false,
        ["DOWNSTREAM_REMOTE_ADDRESS"] = false,
        ["DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT"] = false,
        ["DOWNSTREAM_DIRECT_REMOTE_ADDRESS"] = false,
        ["DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT"] = false,
        ["DOWNSTREAM_LOCAL_ADDRESS"] = false,
        ["DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT"] = false,
        ["DOWNSTREAM_LOCAL_PORT"] = false,
        ["DOWNSTREAM_PEER_URI_SAN"] = false,
        ["DOWNSTREAM_LOCAL_URI_SAN"] = false,
        ["UPSTREAM_HOST"] = false,
        ["UPSTREAM_REMOTE_ADDRESS"] = false,
        ["UPSTREAM_CLUSTER"] = false,
        ["REQUESTED_SERVER_NAME"] = false,
        ["ROUTE_NAME"] = false,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    internal static bool Takes(string command, bool hasArgument) =>
        Known.TryGetValue(command, out bool needsArgument) && (needsArgument == hasArgument || (command == "START_TIME" && hasArgument));
}

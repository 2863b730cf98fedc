using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Ambient.Topology.Processes;

namespace Ambient.Topology.Containers;

/// <summary>
/// A container runtime as far as networks go: takes the first list of the configuration folder, starts its plugins one after the other in the node's
/// namespace and hands each the result of the one before (CNI specification, section 4), as containerd does through libcni. Thread-safe for different
/// sandboxes.
/// </summary>
/// <param name="nodeNamespace">Where plugins run.</param>
/// <param name="configurationFolder">Where lists are.</param>
/// <param name="pluginFolders">Where plugins are; the first that has one wins.</param>
/// <param name="stateFolder">Results are kept here until the sandbox is deleted; made when missing.</param>
public sealed class ContainerRuntime(string nodeNamespace, string configurationFolder, IReadOnlyList<string> pluginFolders, string stateFolder)
{
    private const string InterfaceName = "eth0";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>Name of the list that the next sandbox is made by; null while there is none.</summary>
    public string? CurrentList => Directory.Exists(configurationFolder)
        ? Directory.EnumerateFiles(configurationFolder, "*.conflist").Select(Path.GetFileName).Order(StringComparer.Ordinal).FirstOrDefault()
        : null;

    /// <summary>
    /// Attaches a sandbox. When a plugin fails, what those before it did stays until <see cref="DeleteAsync(ContainerSandbox)"/>. Throws
    /// <see cref="CniFailedException"/>.
    /// </summary>
    public async Task<CniAttachment> AddAsync(ContainerSandbox sandbox)
    {
        ArgumentNullException.ThrowIfNull(sandbox);
        JsonObject list = ReadList();
        JsonObject[] plugins = [.. list["plugins"]!.AsArray().Select(p => p!.AsObject())];
        JsonNode? result = null;
        try
        {
            foreach (JsonObject plugin in plugins)
            {
                result = await RunAsync("ADD", list, plugin, sandbox, result) ?? result;
            }
        }
        catch (CniFailedException failure)
        {
            throw new CniFailedException(failure) { Addresses = AddressesOf(result) };
        }
        finally
        {
            Directory.CreateDirectory(stateFolder);
            await File.WriteAllTextAsync(ResultPath(sandbox), new JsonObject { ["list"] = list.DeepClone(), ["result"] = result?.DeepClone() }.ToJsonString());
        }

        return new CniAttachment(AddressesOf(result), [.. plugins.Select(TypeOf)]);
    }

    /// <summary>Detaches a sandbox by the list that attached it; one that is not attached is detached already. Throws <see cref="CniFailedException"/>.</summary>
    public async Task DeleteAsync(ContainerSandbox sandbox)
    {
        ArgumentNullException.ThrowIfNull(sandbox);
        string path = ResultPath(sandbox);
        if (File.Exists(path))
        {
            JsonNode kept = JsonNode.Parse(await File.ReadAllTextAsync(path))!;
            await DeleteAsync(kept["list"]!.AsObject(), sandbox, kept["result"]);
            File.Delete(path);
        }
    }

    private static IPAddress[] AddressesOf(JsonNode? result) => [.. result?["ips"]?.AsArray().Select(a => IPAddress.Parse(((string)a!["address"]!).Split('/')[0])) ?? []];

    private static string TypeOf(JsonObject plugin) => (string)plugin["type"]!;

    private string ResultPath(ContainerSandbox sandbox) => Path.Combine(stateFolder, sandbox.Id + ".json");

    private JsonObject ReadList()
    {
        string name = CurrentList ?? throw new CniFailedException("(none)", "no list of plugins in " + configurationFolder);
        try
        {
            return JsonNode.Parse(File.ReadAllText(Path.Combine(configurationFolder, name)))!.AsObject();
        }
        catch (Exception e) when (e is JsonException or IOException or InvalidOperationException)
        {
            throw new CniFailedException("(none)", $"{name}: {e.Message}");
        }
    }

    private async Task DeleteAsync(JsonObject list, ContainerSandbox sandbox, JsonNode? result)
    {
        foreach (JsonNode? plugin in list["plugins"]!.AsArray().Reverse())
        {
            await RunAsync("DEL", list, plugin!.AsObject(), sandbox, result);
        }
    }

    private async Task<JsonNode?> RunAsync(string command, JsonObject list, JsonObject plugin, ContainerSandbox sandbox, JsonNode? previous)
    {
        string type = TypeOf(plugin);
        string program = pluginFolders.Select(f => Path.Combine(f, type)).FirstOrDefault(File.Exists) ?? throw new CniFailedException(type, "not found in " + string.Join(", ", pluginFolders));
        JsonObject input = plugin.DeepClone().AsObject();
        (input["name"], input["cniVersion"]) = (list["name"]?.DeepClone(), list["cniVersion"]?.DeepClone());
        if (previous is not null)
        {
            input["prevResult"] = previous.DeepClone();
        }

        // Plugins get an environment of their own; `env` passes it on, so that no shell reads it.
        CommandResult ended = await Command.RunInAsync(
            nodeNamespace,
            "env",
            [
                "CNI_COMMAND=" + command,
                "CNI_CONTAINERID=" + sandbox.Id,
                "CNI_NETNS=" + sandbox.NetworkPath,
                "CNI_IFNAME=" + InterfaceName,
                "CNI_PATH=" + string.Join(':', pluginFolders),
                $"CNI_ARGS=IgnoreUnknown=1;K8S_POD_NAMESPACE={sandbox.Namespace};K8S_POD_NAME={sandbox.Name};K8S_POD_INFRA_CONTAINER_ID={sandbox.Id};K8S_POD_UID={sandbox.Uid}",
                program,
            ],
            input.ToJsonString(),
            Patience);
        JsonNode? output = Parse(ended.Output);
        return ended.ExitCode == 0 ? output : throw new CniFailedException(type, (string?)output?["msg"] is { } said ? $"{said} {(string?)output["details"]}".TrimEnd() : ended.Text);
    }

    private static JsonNode? Parse(string output)
    {
        try
        {
            return output.Trim().Length == 0 ? null : JsonNode.Parse(output);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

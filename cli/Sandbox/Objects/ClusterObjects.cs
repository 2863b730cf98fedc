using System.Globalization;
using Ambient.Cli.Sandbox.Model;
using YamlDotNet.RepresentationModel;

namespace Ambient.Cli.Sandbox.Objects;

/// <summary>
/// Applies manifests as <c>kubectl</c> would: every object becomes a file of its own in the sandbox's folder, services get the addresses that an API server
/// would give them. Thread-safe with others only by the files.
/// </summary>
internal sealed class ClusterObjects(MeshManifests manifests)
{
    private const string Pool = "10.96.1.", PoolV6 = "fd09:96::1:";
    private const int Last = 250;
    private readonly Lock _gate = new();

    /// <summary>Applies all objects of a text; what was applied, or what is wrong: then nothing was.</summary>
    public (IReadOnlyList<string> Applied, string? Error) Apply(string text)
    {
        if (ManifestDocument.Read(text, out string? error) is not { } documents)
        {
            return ([], error);
        }

        lock (_gate)
        {
            foreach (ManifestDocument document in documents)
            {
                Admit(document);
                manifests.Apply(document.File, document.ToString());
            }
        }

        return ([.. documents.Select(static d => $"{d.Kind} {d.Namespace}{(d.Namespace.Length > 0 ? "/" : "")}{d.Name}")], null);
    }

    /// <summary>Removes all objects of a text.</summary>
    public (IReadOnlyList<string> Removed, string? Error) Delete(string text)
    {
        if (ManifestDocument.Read(text, out string? error) is not { } documents)
        {
            return ([], error);
        }

        foreach (ManifestDocument document in documents)
        {
            manifests.Delete(document.File);
        }

        return ([.. documents.Select(static d => $"{d.Kind} {d.Namespace}{(d.Namespace.Length > 0 ? "/" : "")}{d.Name}")], null);
    }

    /// <summary>The objects of a kind in the folder; files that cannot be read are left out, the control plane names them.</summary>
    public IEnumerable<ManifestDocument> List(string kind)
    {
        foreach (string path in Directory.EnumerateFiles(manifests.Folder, kind.ToLowerInvariant() + ".*.yaml").Order(StringComparer.Ordinal))
        {
            if (ReadFile(path) is { } text && ManifestDocument.Read(text, out _) is [{ } found, ..] && found.Kind == kind)
            {
                yield return found;
            }
        }
    }

    private static string? ReadFile(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (IOException)
        {
            // Removed meanwhile.
            return null;
        }
    }

    private void Admit(ManifestDocument document)
    {
        if (document is not { Kind: "Service" } || document.Find("spec") is not YamlMappingNode spec || document.Text("spec", "clusterIP").Length > 0 || document.Text("spec", "type") == "ExternalName")
        {
            return;
        }

        string number = Number(document).ToString(CultureInfo.InvariantCulture);
        spec.Children[new YamlScalarNode("clusterIP")] = Quoted(Pool + number);
        spec.Children[new YamlScalarNode("clusterIPs")] = new YamlSequenceNode(Quoted(Pool + number), Quoted(PoolV6 + number));
        spec.Children[new YamlScalarNode("ipFamilies")] = new YamlSequenceNode(new YamlScalarNode("IPv4"), new YamlScalarNode("IPv6"));
    }

    /// <summary>What the service has already, else the first that nobody has.</summary>
    private int Number(ManifestDocument service)
    {
        var taken = new HashSet<int>();
        foreach (ManifestDocument other in List("Service"))
        {
            string address = other.Text("spec", "clusterIP");
            if (address.StartsWith(Pool, StringComparison.Ordinal) && int.TryParse(address[Pool.Length..], NumberStyles.None, CultureInfo.InvariantCulture, out int number))
            {
                if (other.File == service.File)
                {
                    return number;
                }

                taken.Add(number);
            }
        }

        return Enumerable.Range(1, Last).FirstOrDefault(n => !taken.Contains(n), Last);
    }

    private static YamlScalarNode Quoted(string text) => new(text) { Style = YamlDotNet.Core.ScalarStyle.DoubleQuoted };
}

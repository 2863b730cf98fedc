using Ambient.Mesh.Policies;
using Ambient.Mesh.Services;
using Ambient.Mesh.Workloads;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using YamlDotNet.RepresentationModel;

namespace Ambient.Ztunnel.Discovery.Local;

/// <summary>A local file's whole content (ztunnel reference section 9.5). Immutable.</summary>
public sealed class LocalMesh
{
    private readonly HashSet<string> _keys = new(StringComparer.Ordinal);

    private LocalMesh()
    {
    }

    /// <summary>The workloads.</summary>
    public IEnumerable<Workload> Workloads => WorkloadItems.Select(static item => item.Value);

    /// <summary>The services.</summary>
    public IEnumerable<Service> Services => ServiceItems.Select(static item => item.Value);

    /// <summary>The policies.</summary>
    public IEnumerable<AuthorizationPolicy> Policies => PolicyItems.Select(static item => item.Value);

    internal List<LocalItem<Workload>> WorkloadItems { get; } = [];

    internal List<LocalItem<Service>> ServiceItems { get; } = [];

    internal List<LocalItem<AuthorizationPolicy>> PolicyItems { get; } = [];

    /// <summary>Reads YAML; unknown keys are errors.</summary>
    /// <exception cref="LocalFileException">The text is not usable; line and reason are in the message.</exception>
    public static LocalMesh Parse(string yaml) => Parse(new StringReader(yaml));

    /// <summary>Reads YAML; unknown keys are errors.</summary>
    /// <exception cref="LocalFileException">The text is not usable; line and reason are in the message.</exception>
    public static LocalMesh Parse(TextReader yaml)
    {
        var mesh = new LocalMesh();
        var parser = new Parser(yaml);
        try
        {
            mesh.Read(parser);
        }
        catch (YamlException malformed)
        {
            throw new LocalFileException(malformed.Start, malformed.InnerException?.Message ?? malformed.Message);
        }
        catch (Exception fault) when (fault is not (LocalFileException or IOException))
        {
            // The YAML library answers some malformed texts with exceptions of other kinds.
            throw new LocalFileException(parser.Current?.End ?? Mark.Empty, $"not valid YAML from here on ({fault.Message})");
        }
        finally
        {
            mesh._keys.Clear();
        }

        return mesh;
    }

    private static bool IsNull(Parser parser)
    {
        if (!parser.TryConsume<Scalar>(out Scalar? scalar) || scalar is null)
        {
            return false;
        }

        return scalar.Value is "" or "~" or "null" ? true : throw new LocalFileException(scalar.Start, $"a list or a map is expected, not '{scalar.Value}'");
    }

    private void Read(Parser parser)
    {
        parser.Consume<StreamStart>();
        if (parser.TryConsume<StreamEnd>(out _))
        {
            return;
        }

        parser.Consume<DocumentStart>();
        if (!IsNull(parser))
        {
            ReadRoot(parser);
        }

        parser.Consume<DocumentEnd>();
        if (!parser.Accept<StreamEnd>(out _))
        {
            throw new LocalFileException(parser.Current!.Start, "a second document; one is expected");
        }
    }

    private void ReadRoot(Parser parser)
    {
        if (!parser.TryConsume<MappingStart>(out _))
        {
            throw new LocalFileException(parser.Current!.Start, "the file must be a map with the lists workloads, services and policies");
        }

        var seen = new HashSet<string>(StringComparer.Ordinal);
        while (!parser.TryConsume<MappingEnd>(out _))
        {
            if (!parser.TryConsume<Scalar>(out Scalar? key) || key is null)
            {
                throw new LocalFileException(parser.Current!.Start, "a key must be a text");
            }

            if (!seen.Add(key.Value))
            {
                throw new LocalFileException(key.Start, $"the key {key.Value} is there twice");
            }

            Action<YamlNode> add = key.Value switch
            {
                "workloads" => AddWorkload,
                "services" => AddService,
                "policies" => AddPolicy,
                _ => throw new LocalFileException(key.Start, $"unknown key '{key.Value}' in the file; known are workloads, services, policies"),
            };
            ReadList(parser, key.Value, add);
        }
    }

    private static void ReadList(Parser parser, string what, Action<YamlNode> add)
    {
        if (IsNull(parser))
        {
            return;
        }

        if (!parser.TryConsume<SequenceStart>(out _))
        {
            throw new LocalFileException(parser.Current!.Start, $"{what} must be a list");
        }

        while (!parser.TryConsume<SequenceEnd>(out _))
        {
            var item = new YamlStream();
            item.Load(new ItemParser(parser));
            add(item.Documents[0].RootNode);
        }
    }

    private void AddWorkload(YamlNode node)
    {
        Workload workload = LocalWorkloadReader.Read(node);
        WorkloadItems.Add(LocalItem<Workload>.Of(Unique(node, "workload", workload.Uid), node, workload));
    }

    private void AddService(YamlNode node)
    {
        Service service = LocalServiceReader.Read(node);
        ServiceItems.Add(LocalItem<Service>.Of(Unique(node, "service", service.Key.ToString()), node, service));
    }

    private void AddPolicy(YamlNode node)
    {
        AuthorizationPolicy policy = LocalPolicyReader.Read(node);
        PolicyItems.Add(LocalItem<AuthorizationPolicy>.Of(Unique(node, "policy", policy.FullName), node, policy));
    }

    private string Unique(YamlNode node, string what, string key) =>
        _keys.Add($"{what} {key}") ? key : throw LocalFileException.At(node, $"a second {what} '{key}'");
}

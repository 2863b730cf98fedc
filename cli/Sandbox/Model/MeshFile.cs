using System.Globalization;
using System.Net;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Ambient.Cli.Sandbox.Model;

/// <summary>Writes a model as the local file that ztunnel reads (ztunnel.md 9.5). Thread-safe.</summary>
internal static class MeshFile
{
    /// <summary>The whole file.</summary>
    public static string Render(MeshModel model)
    {
        using var text = new StringWriter(CultureInfo.InvariantCulture) { NewLine = "\n" };
        var yaml = new Emitter(text);
        yaml.Emit(new StreamStart());
        yaml.Emit(new DocumentStart(null, null, isImplicit: true));
        Map(yaml, () =>
        {
            List(yaml, "workloads", model.Pods, p => Workload(yaml, p.Pod, p.Addresses));
            List(yaml, "services", model.Services, s => Service(yaml, s, model));
            List(yaml, "policies", model.Policies, p => Policy(yaml, p));
        });
        yaml.Emit(new DocumentEnd(isImplicit: true));
        yaml.Emit(new StreamEnd());
        return text.ToString();
    }

    private static void Workload(Emitter yaml, PodPlan pod, IReadOnlyList<IPAddress> addresses) => Map(yaml, () =>
    {
        Entry(yaml, "uid", pod.Uid);
        Entry(yaml, "name", pod.Name);
        Entry(yaml, "namespace", pod.Namespace);
        Entry(yaml, "serviceAccount", pod.ServiceAccount);
        Entry(yaml, "trustDomain", "cluster.local");
        Entry(yaml, "clusterId", "Kubernetes");
        Entry(yaml, "node", pod.Node);
        Entry(yaml, "workloadName", pod.Name);
        Entry(yaml, "canonicalName", pod.Name);
        Entry(yaml, "canonicalRevision", "latest");
        Entry(yaml, "protocol", pod.IsMeshed ? "HBONE" : "TCP");
        List(yaml, "workloadIps", addresses, a => Text(yaml, a.ToString()));
        Key(yaml, "services");
        Map(yaml, () =>
        {
            foreach (ServicePort port in pod.Services)
            {
                Key(yaml, port.Service.Key);
                Map(yaml, () => Entry(yaml, Number(port.Service.Port), Number(port.TargetPort), plain: true));
            }
        });
    });

    private static void Service(Emitter yaml, ServicePlan service, MeshModel model) => Map(yaml, () =>
    {
        Entry(yaml, "name", service.Name);
        Entry(yaml, "namespace", service.Namespace);
        Entry(yaml, "hostname", service.Host);
        List(yaml, "vips", [service.Address, service.AddressV6], a => Text(yaml, "/" + a));
        Key(yaml, "ports");
        int target = model.Pods.SelectMany(p => p.Pod.Services).FirstOrDefault(s => s.Service == service)?.TargetPort ?? service.Port;
        Map(yaml, () => Entry(yaml, Number(service.Port), Number(target), plain: true));
    });

    private static void Policy(Emitter yaml, PolicyPlan policy) => Map(yaml, () =>
    {
        Entry(yaml, "name", policy.Name);
        Entry(yaml, "namespace", policy.Namespace);
        Entry(yaml, "scope", "Namespace");
        Entry(yaml, "action", policy.Action);
        Entry(yaml, "dryRun", "false", plain: true);

        // Rules of clauses of matches: one of each is all the sandbox needs.
        List(yaml, "rules", [policy], p => Sequence(yaml, () => Sequence(yaml, () => Map(yaml, () => List(yaml, p.MatchKey, [p], Match)))));

        void Match(PolicyPlan p)
        {
            if (p.Value is null)
            {
                yaml.Emit(new SequenceStart(AnchorName.Empty, new TagName(p.MatchTag), isImplicit: false, SequenceStyle.Flow));
                yaml.Emit(new SequenceEnd());
            }
            else
            {
                yaml.Emit(new Scalar(AnchorName.Empty, new TagName(p.MatchTag), p.Value, ScalarStyle.DoubleQuoted, isPlainImplicit: false, isQuotedImplicit: false));
            }
        }
    });

    private static void Map(Emitter yaml, Action content)
    {
        yaml.Emit(new MappingStart(AnchorName.Empty, TagName.Empty, isImplicit: true, MappingStyle.Block));
        content();
        yaml.Emit(new MappingEnd());
    }

    private static void Sequence(Emitter yaml, Action content)
    {
        yaml.Emit(new SequenceStart(AnchorName.Empty, TagName.Empty, isImplicit: true, SequenceStyle.Block));
        content();
        yaml.Emit(new SequenceEnd());
    }

    private static void List<T>(Emitter yaml, string key, IEnumerable<T> items, Action<T> write)
    {
        Key(yaml, key);
        Sequence(yaml, () =>
        {
            foreach (T item in items)
            {
                write(item);
            }
        });
    }

    private static void Entry(Emitter yaml, string key, string value, bool plain = false)
    {
        Key(yaml, key);
        if (plain)
        {
            yaml.Emit(new Scalar(value));
        }
        else
        {
            Text(yaml, value);
        }
    }

    private static void Key(Emitter yaml, string key) => yaml.Emit(new Scalar(key));

    private static void Text(Emitter yaml, string text) =>
        yaml.Emit(new Scalar(AnchorName.Empty, TagName.Empty, text, ScalarStyle.DoubleQuoted, isPlainImplicit: false, isQuotedImplicit: true));

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);
}

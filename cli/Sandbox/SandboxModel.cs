using System.Globalization;
using System.Text;
using Ambient.Topology.Networks;

namespace Ambient.Cli.Sandbox;

/// <summary>The mesh of the sandbox as the file that its ztunnels watch. Not thread-safe.</summary>
internal sealed class SandboxModel(string path)
{
    /// <summary>The web Service's address.</summary>
    public const string WebAddress = "10.96.0.10";

    private readonly List<(VirtualPod Pod, string Account, string? Service, int Port)> _workloads = [];
    private readonly Dictionary<VirtualPod, string> _accounts = [];
    private readonly List<string> _policies = [];

    /// <summary>The file.</summary>
    public string Path => path;

    /// <summary>Adds a pod of the mesh, perhaps as endpoint of a Service.</summary>
    public void Add(VirtualPod pod, string account, string? service = null, int port = 0)
    {
        _accounts[pod] = account;
        _workloads.Add((pod, account, service, port));
    }

    /// <summary>Takes a pod out.</summary>
    public void Remove(VirtualPod pod) => _workloads.RemoveAll(w => w.Pod == pod);

    /// <summary>The service account of a pod, also of one that was taken out: its namespace lives on.</summary>
    public string AccountOf(VirtualPod pod) => _accounts[pod];

    /// <summary>Puts a policy of the namespace in force: an action and rules in the file's own form.</summary>
    public void SetPolicy(string? name, string action = "", string rules = "")
    {
        _policies.Clear();
        if (name is not null)
        {
            _policies.Add($"- {{name: {name}, namespace: shop, scope: Namespace, action: {action}, dryRun: false, rules: {rules}}}");
        }
    }

    /// <summary>Writes the file in one step, so that no reader sees half of it.</summary>
    public void Write()
    {
        StringBuilder text = new("services:\n");
        text.Append(CultureInfo.InvariantCulture, $"- {{name: web, namespace: shop, hostname: web.shop.svc.cluster.local, vips: [\"/{WebAddress}\"], ports: {{80: 8080}}}}\n");
        text.Append("workloads:\n");
        foreach ((VirtualPod pod, string account, string? service, int port) in _workloads)
        {
            string services = service is null ? "{}" : $"{{\"shop/{service}.shop.svc.cluster.local\": {{80: {port}}}}}";
            text.Append(
                CultureInfo.InvariantCulture,
                $"- {{uid: sandbox//Pod/shop/{pod.Name}, name: {pod.Name}, namespace: shop, trustDomain: cluster.local, serviceAccount: {account}, node: {pod.Node.Name}, clusterId: sandbox, canonicalName: {account}, workloadName: {account}, workloadIps: [\"{pod.Address}\"], protocol: HBONE, services: {services}}}\n");
        }

        text.Append(_policies.Count == 0 ? "policies: []\n" : "policies:\n" + string.Join('\n', _policies) + "\n");
        File.WriteAllText(path + ".new", text.ToString());
        File.Move(path + ".new", path, overwrite: true);
    }
}

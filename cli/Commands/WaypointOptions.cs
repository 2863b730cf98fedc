using System.CommandLine;
using Ambient.Cli.Meshes;

namespace Ambient.Cli.Commands;

/// <summary>Options of the waypoint commands, under the names of istioctl. Immutable once its command is built.</summary>
internal sealed class WaypointOptions
{
    private readonly Option<string?> _space = new("--namespace", "-n") { Description = "Namespace (default: the kubeconfig's)." };
    private readonly Option<string> _name = new("--name") { Description = "Name of the waypoint.", DefaultValueFactory = static _ => "waypoint" };
    private readonly Option<string?> _for = new("--for") { Description = "Whose traffic it takes: service, workload, all or none (default: service)." };
    private readonly Option<string?> _revision = new("--revision", "-r") { Description = "Revision of the control plane that makes it." };

    /// <summary>Adds the namespace.</summary>
    public void AddNamespaceTo(Command command) => command.Options.Add(_space);

    /// <summary>Adds what describes a waypoint.</summary>
    public void AddPlanTo(Command command)
    {
        _for.AcceptOnlyFromAmong("service", "workload", "all", "none");
        AddNamespaceTo(command);
        command.Options.Add(_name);
        command.Options.Add(_for);
        command.Options.Add(_revision);
    }

    /// <summary>The namespace that was said; null when none was.</summary>
    public string? NamespaceOf(ParseResult parsed) => parsed.GetValue(_space);

    /// <summary>The waypoint that is wanted.</summary>
    public WaypointPlan Plan(ParseResult parsed, string? space) => new(space, parsed.GetValue(_name)!, parsed.GetValue(_for), parsed.GetValue(_revision));
}

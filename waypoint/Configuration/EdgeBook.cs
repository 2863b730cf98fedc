using System.Collections.Immutable;
using Ambient.Protocol.L7;
using Ambient.Waypoint.Edges;
using Ambient.Waypoint.Tunnels;

namespace Ambient.Waypoint.Configuration;

/// <summary>Ports for clients outside the mesh and their certificates, by resource name; a change compiles the ports that it is about. Not thread-safe.</summary>
/// <param name="problem">Told why a listener is closed, when that begins.</param>
internal sealed class EdgeBook(Action<string> problem)
{
    private readonly Dictionary<string, EdgePort> _ports = new(StringComparer.Ordinal);
    private readonly Dictionary<string, EdgeCredential> _credentialOf = new(StringComparer.Ordinal);
    private readonly Dictionary<string, EdgeCredential> _credentials = new(StringComparer.Ordinal);

    /// <summary>The ports after a change.</summary>
    public ImmutableDictionary<uint, EdgePortTable> Apply(ConfigurationChange change, ImmutableDictionary<uint, EdgePortTable> before)
    {
        HashSet<string> touched = Credentials(change.Credentials);
        HashSet<string> due = [.. _ports.Where(port => EdgeCompiler.Needs(port.Value).Any(touched.Contains)).Select(static port => port.Key)];
        ImmutableDictionary<uint, EdgePortTable>.Builder after = before.ToBuilder();
        foreach (string name in change.Edges.Removed)
        {
            if (_ports.Remove(name, out EdgePort? gone))
            {
                after.Remove(gone.Port);
                due.Remove(name);
            }
        }

        foreach ((string name, EdgePort port) in change.Edges.Changed)
        {
            if (port.Port is 0 or > 65535 || OwnPorts.Contains(port.Port))
            {
                change.Refuse(name, $"port {port.Port} cannot be opened for clients");
                continue;
            }

            if (_ports.TryGetValue(name, out EdgePort? old) && old.Port != port.Port)
            {
                after.Remove(old.Port);
            }

            _ports[name] = port;
            due.Add(name);
        }

        foreach (string name in due)
        {
            EdgePort port = _ports[name];
            EdgePortTable? old = after.GetValueOrDefault(port.Port);
            EdgePortTable table = EdgeCompiler.Compile(port, _credentials, old);
            after[port.Port] = table;
            foreach (EdgeListenerTable listener in table.All.Where(static listener => listener.Broken is not null))
            {
                if (old?.All.FirstOrDefault(candidate => candidate.Name == listener.Name)?.Broken != listener.Broken)
                {
                    problem($"the listener {listener.Name} on port {port.Port} is closed: {listener.Broken}");
                }
            }
        }

        return after.ToImmutable();
    }

    private HashSet<string> Credentials(ConfigurationPart<EdgeCredential> part)
    {
        HashSet<string> touched = new(StringComparer.Ordinal);
        foreach (string name in part.Removed)
        {
            if (_credentialOf.Remove(name, out EdgeCredential? gone))
            {
                _credentials.Remove(gone.Name);
                touched.Add(gone.Name);
            }
        }

        foreach ((string name, EdgeCredential credential) in part.Changed)
        {
            _credentialOf[name] = credential;
            _credentials[credential.Name] = credential;
            touched.Add(credential.Name);
        }

        return touched;
    }
}

using System.CommandLine;
using Ambient.Cli.Sandbox;
using Ambient.Cli.Sandbox.Model;
using Ambient.Cli.Sandbox.Objects;
using Ambient.Topology.Networks;

namespace Ambient.Cli.Commands;

/// <summary><c>ambientctl sandbox apply</c> and <c>delete</c>: manifests of Kubernetes into the running sandbox, and out of it.</summary>
internal static class ApplyCommands
{
    /// <summary>Both commands.</summary>
    public static IEnumerable<Command> Build()
    {
        yield return Build("apply", "Applies manifests to the running sandbox: Deployments and waypoints start, everything else the control plane takes over at once.", static (objects, text) => objects.Apply(text), "applied");
        yield return Build("delete", "Removes the objects of manifests from the running sandbox.", static (objects, text) => objects.Delete(text), "deleted");
    }

    private static Command Build(string name, string description, Func<ClusterObjects, string, (IReadOnlyList<string> Done, string? Error)> act, string word)
    {
        var files = new Option<string[]>("--filename", "-f") { Description = "A manifest, or a folder of manifests.", Required = true, AllowMultipleArgumentsPerToken = true };
        var command = new Command(name, description) { files };
        command.SetAction(parsed =>
        {
            TextWriter output = parsed.InvocationConfiguration.Output, errors = parsed.InvocationConfiguration.Error;
            if (Leftovers.Runs(SandboxMesh.Purpose).FirstOrDefault(static r => r.IsAlive()) is not { } run)
            {
                errors.WriteLine("error: no sandbox is running: ./ambient demo --keep starts one");
                return ExitCodes.Unreachable;
            }

            var objects = new ClusterObjects(new MeshManifests(Path.Combine(run.Directory, "manifests")));
            foreach (string path in parsed.GetValue(files)!)
            {
                string[] found = Directory.Exists(path) ? [.. Directory.EnumerateFiles(path, "*.yaml").Order(StringComparer.Ordinal)] : File.Exists(path) ? [path] : [];
                if (found.Length == 0)
                {
                    errors.WriteLine($"error: there is no manifest at {path}");
                    return ExitCodes.Usage;
                }

                foreach (string file in found)
                {
                    (IReadOnlyList<string> done, string? error) = act(objects, File.ReadAllText(file));
                    if (error is not null)
                    {
                        errors.WriteLine($"error: {file}: {error}");
                        return ExitCodes.Usage;
                    }

                    foreach (string one in done)
                    {
                        output.WriteLine($"{one} {word}");
                    }
                }
            }

            return ExitCodes.Good;
        });
        return command;
    }
}

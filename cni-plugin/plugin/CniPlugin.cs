using System.Text;
using Ambient.Cni.Plugin.Agents;
using Ambient.Cni.Plugin.Commands;
using Ambient.Cni.Plugin.Protocol;
using Ambient.Cni.Plugin.Sandboxes;
using Ambient.Linux;

namespace Ambient.Cni.Plugin;

/// <summary>
/// One CNI operation from its input to its output: exactly one JSON document, or nothing, goes to standard output; every failure becomes an error object
/// and an exit code (CNI specification 1.1, sections 2 and 5). For one thread.
/// </summary>
public sealed class CniPlugin(Func<string, string?> environment, ISandboxes sandboxes, PluginTimings timings, TimeProvider time)
{
    private readonly PluginLog _log = new(time);
    private NetworkConfiguration? _configuration;

    /// <summary>Reads the input, does what the environment asks for, writes the output; the exit code.</summary>
    public int Run(Stream input, Stream output, Stream errors)
    {
        ArgumentNullException.ThrowIfNull(output);
        ArgumentNullException.ThrowIfNull(errors);
        string version = CniVersions.Newest;
        try
        {
            output.Write(Perform(input, ref version));
            output.Flush();
            return 0;
        }
        catch (CniException failure)
        {
            return Fail(failure, version, output, errors);
        }
        catch (Exception bug) when (bug is not IOException)
        {
            // Whatever it was, the answer is no.
            return Fail(new CniException(CniErrorCode.Internal, "ambient-cni failed in a way that nobody thought of: " + bug.Message, bug.ToString()), version, output, errors);
        }
        finally
        {
            if (_configuration is { } known)
            {
                _log.Send(known.RunDirectory, known.LogLevel);
            }
        }
    }

    private int Fail(CniException failure, string version, Stream output, Stream errors)
    {
        output.Write(CniOutput.Error(failure, version));
        output.Flush();
        errors.Write(Encoding.UTF8.GetBytes($"ambient-cni: {failure.Message}\n"));
        string pod = environment("CNI_ARGS") ?? "";
        _log.Add("error", failure.Message, ("command", environment("CNI_COMMAND")), ("code", ((int)failure.Code).ToString(System.Globalization.CultureInfo.InvariantCulture)), ("cni_args", pod), ("details", failure.Details.Length > 0 ? failure.Details : null));
        return 1;
    }

    private byte[] Perform(Stream input, ref string version)
    {
        string command = environment("CNI_COMMAND") ?? "";
        if (command == "VERSION")
        {
            return CniOutput.Versions(NetworkConfiguration.VersionIn(StandardInput.Read(input)));
        }

        if (command is not ("ADD" or "DEL" or "CHECK" or "STATUS" or "GC"))
        {
            throw new CniException(CniErrorCode.InvalidEnvironment, command.Length == 0
                ? "CNI_COMMAND is missing: this program is started by a container runtime, see docs/operations.md"
                : $"CNI_COMMAND {CniOutput.Printable(command)} is unknown; known: ADD, DEL, CHECK, STATUS, GC, VERSION");
        }

        if (command == "DEL")
        {
            return Delete(input, ref version);
        }

        var configuration = NetworkConfiguration.Read(StandardInput.Read(input), ref version);
        CniVersions.Require(command, configuration.Version);
        _configuration = configuration;
        if (command is "STATUS" or "GC")
        {
            if (command == "STATUS")
            {
                StatusCommand.Run(configuration, timings, time);
            }

            // Nothing of ours outlives a sandbox but in the agent, which compares with the kernel by itself.
            return [];
        }

        CniEnvironment attachment = CniEnvironment.Read(environment, needsNetwork: true);
        try
        {
            if (command == "ADD")
            {
                return new AddCommand(configuration, attachment, sandboxes, timings, time, _log).Run();
            }

            CheckCommand.Run(configuration, attachment, sandboxes);
            return [];
        }
        catch (LinuxException failure)
        {
            throw new CniException(CniErrorCode.InputOutput, failure.Message);
        }
    }

    /// <summary>A DEL that failed would keep its pod terminating, so it fails only for what every plugin of a list must refuse.</summary>
    private byte[] Delete(Stream input, ref string version)
    {
        byte[] text = StandardInput.Read(input);
        try
        {
            _configuration = NetworkConfiguration.Read(text, ref version);
        }
        catch (CniException wrong) when (wrong.Code == CniErrorCode.InvalidConfiguration)
        {
            _log.Add("warn", "DEL goes on without its configuration: " + wrong.Message);
        }

        CniVersions.Require("DEL", _configuration?.Version ?? version);
        CniEnvironment attachment = CniEnvironment.Read(environment, needsNetwork: false);
        if (_configuration is { } configuration)
        {
            DeleteCommand.Run(configuration, attachment, timings, time);
        }

        return [];
    }
}

using Ambient.Cli.Demo;
using Ambient.Cli.Demo.Output;
using Ambient.Cli.Sandbox;
using Ambient.Topology.Containers;
using Ambient.Topology.Networks;
using Ambient.Topology.Processes;

namespace Ambient.Cli.Commands;

/// <summary><c>ambientctl sandbox demo</c>: builds the sandbox, checks every promise, takes it down or leaves it running.</summary>
internal static class DemoCommand
{
    private static readonly TimeSpan HandOver = TimeSpan.FromSeconds(120);
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(15);

    /// <summary>Exit code 0 when every check passed, 1 when one did not or the sandbox did not start, 128 + n after signal n.</summary>
    public static async Task<int> RunAsync(DemoOptions options)
    {
        IDemoOutput output = DemoOutputs.Choose(options.NoColour);
        DemoCheck[] checks = DemoScript.Choose(options.Only);
        if (checks.Length == 0)
        {
            output.Error($"no check's title contains '{options.Only}'");
            output.Verdict(0, 1);
            return 1;
        }

        List<string> missing = [.. Requirements.Missing()];
        SandboxPrograms? programs = ProgramLocation.Find(options.Ztunnel, missing);
        if (missing.Count > 0 || programs is null)
        {
            foreach (string line in missing)
            {
                output.Error(line);
            }

            output.Verdict(0, 1);
            return 1;
        }

        using var interrupt = new InterruptSource();
        return await RunAsync(output, programs, checks, options.Keep, interrupt);
    }

    private static async Task<int> RunAsync(IDemoOutput output, SandboxPrograms programs, DemoCheck[] checks, bool keep, InterruptSource interrupt)
    {
        output.Title("Ambient: a mesh on this machine");
        SandboxMesh mesh;
        try
        {
            mesh = await SandboxMesh.StartAsync(programs, output.Step, interrupt.Token);
        }
        catch (OperationCanceledException)
        {
            output.Error("interrupted; everything was removed");
            return interrupt.ExitCode;
        }
        catch (Exception e) when (e is TimeoutException or CommandFailedException or InvalidOperationException or IOException or Linux.LinuxException or CniFailedException)
        {
            output.Error("the sandbox did not start: " + e.Message);
            output.Verdict(0, 1);
            return 1;
        }

        var run = new DemoRun(mesh, output);
        bool kept = false, isLost = false;
        try
        {
            if (checks.Any(DemoScript.NeedsShop))
            {
                // It starts while the first checks run.
                mesh.Objects.Apply(SampleFiles.Read("manifests/application.yaml"));
                mesh.Objects.Apply(SampleFiles.Read("manifests/database.yaml"));
            }

            await run.RunAsync(checks, interrupt.Token);
            bool? isHeld = keep ? await HandOverAsync(mesh, programs, output) : null;
            (kept, isLost) = (isHeld is not null, isHeld == false);
        }
        catch (OperationCanceledException)
        {
            output.Error("interrupted; everything is being removed");
            return interrupt.ExitCode;
        }
        finally
        {
            if (!kept)
            {
                await mesh.DisposeAsync();
            }
        }

        output.Text("");
        output.Verdict(run.Passed, run.Failed);
        return run.Failed == 0 && !isLost ? 0 : 1;
    }

    /// <summary>Starts the process that goes on as agent and supervisor, and tells how to play with it; false when it could not go on, and all is removed.</summary>
    private static async Task<bool> HandOverAsync(SandboxMesh mesh, SandboxPrograms programs, IDemoOutput output)
    {
        mesh.State(programs).Write(mesh.Directory);
        RunId run = mesh.Run;
        await mesh.ReleaseAsync();
        string program = Environment.ProcessPath ?? throw new InvalidOperationException("this program does not know its own path");
        RunningProcess keeper = RunningProcess.Start(new ProcessPlan("keeper", program, "sandbox", "hold", run.Text) { LogPath = Path.Combine(run.Directory, "keeper.log") });
        run.HandTo(keeper.Id);
        try
        {
            await keeper.WaitForLineAsync(HoldCommand.Ready, HandOver);
        }
        catch (TimeoutException e)
        {
            output.Error("the sandbox could not be kept: " + e.Message);
            await keeper.StopAsync(Farewell);
            Leftovers.RemoveRun(run);
            return false;
        }

        output.Text("\n" + PlayText.For(run, program));
        return true;
    }
}

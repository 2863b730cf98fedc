using Ambient.Telemetry.Logging;

namespace Ambient.ControlPlane.Controllers.Leading;

/// <summary>Runs all controllers while we lead; one that fails is started again and does not take the others along. Thread-safe.</summary>
public sealed class LeaderWork(IReadOnlyList<IController> controllers, TimeProvider clock, Logger log)
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);

    /// <summary>Works until it is cancelled.</summary>
    public Task RunAsync(CancellationToken leading) => Task.WhenAll(controllers.Select(controller => KeepAsync(controller, leading)));

    private async Task KeepAsync(IController controller, CancellationToken leading)
    {
        while (true)
        {
            try
            {
                await Task.Run(() => controller.RunAsync(leading), leading);
                log.Error("a controller ended by itself", LogField.Of("controller", controller.Name));
            }
            catch (OperationCanceledException) when (leading.IsCancellationRequested)
            {
                throw;
            }
#pragma warning disable CA1031 // Whatever a controller stumbles over, the others go on.
            catch (Exception fault)
#pragma warning restore CA1031
            {
                log.Error("a controller failed and is started again", LogField.Of("controller", controller.Name), LogField.Of("error", fault.ToString()));
            }

            await Task.Delay(Pause, clock, leading);
        }
    }
}

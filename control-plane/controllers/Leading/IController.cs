namespace Ambient.ControlPlane.Controllers.Leading;

/// <summary>Something that writes to the API and must therefore run once in a mesh. Thread-safe.</summary>
public interface IController
{
    /// <summary>What logs call it.</summary>
    string Name { get; }

    /// <summary>Works until it is cancelled, which means that another may lead: nothing is written after it.</summary>
    Task RunAsync(CancellationToken leading);
}

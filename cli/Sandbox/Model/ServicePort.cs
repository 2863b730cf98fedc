namespace Ambient.Cli.Sandbox.Model;

/// <summary>A service port and where it leads in one pod. Immutable.</summary>
/// <param name="Service">The service.</param>
/// <param name="TargetPort">The application's port.</param>
internal sealed record ServicePort(ServicePlan Service, int TargetPort);

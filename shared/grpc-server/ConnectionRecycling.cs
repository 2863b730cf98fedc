using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace Ambient.Grpc.Server;

/// <summary>Ends connections that have reached their age: GOAWAY first, then the calls' own end, then the cut. Thread-safe.</summary>
internal sealed class ConnectionRecycling(GrpcServerOptions options, TimeProvider clock)
{
    /// <summary>Where a call finds the token of its connection.</summary>
    internal sealed record Feature(CancellationToken Ending);

    internal async Task RunAsync(ConnectionContext connection, Func<ConnectionContext, Task> next)
    {
        using var ending = new CancellationTokenSource();
        connection.Features.Set(new Feature(ending.Token));
        if (options.ConnectionAge is not { } age)
        {
            await next(connection);
            return;
        }

        using var over = CancellationTokenSource.CreateLinkedTokenSource(connection.ConnectionClosed);
        Task recycling = RecycleAsync(connection, age * (0.9 + (0.2 * Random.Shared.NextDouble())), ending, over.Token);
        try
        {
            await next(connection);
        }
        finally
        {
            await over.CancelAsync();
            await recycling;
        }
    }

    private async Task RecycleAsync(ConnectionContext connection, TimeSpan age, CancellationTokenSource ending, CancellationToken over)
    {
        try
        {
            await Task.Delay(age, clock, over);
            connection.Features.Get<IConnectionLifetimeNotificationFeature>()?.RequestClose();
            await ending.CancelAsync();
            await Task.Delay(options.Grace, clock, over);
            connection.Abort(new ConnectionAbortedException("the connection's grace has passed"));
        }
        catch (OperationCanceledException)
        {
            // The connection ended by itself.
        }
    }
}

using System.Net;
using System.Net.Sockets;
using Ambient.Telemetry.Logging;

namespace Ambient.Telemetry.Http;

/// <summary>
/// A small HTTP/1.1 server for operators' ports (reference 10.1): keep-alive, bounded head and time, 400 for garbage, drain.
/// Control code: runs on the thread pool. Thread-safe.
/// </summary>
public sealed class HttpServer : IAsyncDisposable
{
    private const int SolSocket = 1;
    private const int SoReuseAddress = 2;

    private readonly HttpServerOptions _options;
    private readonly IHttpHandler _handler;
    private readonly Logger _log;
    private readonly List<Socket> _listeners = [];
    private readonly SemaphoreSlim _room;
    private readonly CancellationTokenSource _draining = new();
    private readonly CancellationTokenSource _ending = new();
    private readonly List<Task> _accepting = [];
    private readonly Lock _gate = new();
    private readonly HashSet<Task> _serving = [];

    private HttpServer(HttpServerOptions options, IHttpHandler handler, Logger log)
    {
        _options = options;
        _handler = handler;
        _log = log;
        _room = new SemaphoreSlim(options.ConnectionLimit);
    }

    /// <summary>Addresses that are really bound, in the order of the options.</summary>
    public IReadOnlyList<IPEndPoint> LocalAddresses => [.. _listeners.Select(l => (IPEndPoint)l.LocalEndPoint!)];

    /// <summary>Binds every address and starts to serve.</summary>
    /// <exception cref="IOException">An address cannot be bound; the message names server and address.</exception>
    public static HttpServer Start(HttpServerOptions options, IHttpHandler handler, Logger log)
    {
        ArgumentNullException.ThrowIfNull(options);
        HttpServer server = new(options, handler, log);
        try
        {
            foreach (IPEndPoint address in options.Addresses)
            {
                server.Listen(address);
            }
        }
        catch
        {
            server._listeners.ForEach(l => l.Dispose());
            throw;
        }

        server._accepting.AddRange(server._listeners.Select(server.AcceptAsync));
        log.Info("listener established", LogField.Of("server", options.Name), LogField.Bare("address", string.Join(',', server.LocalAddresses)));
        return server;
    }

    /// <summary>Stops accepting and waits for running requests until <paramref name="limit"/> has passed; idle connections close at once.</summary>
    public async Task DrainAsync(TimeSpan limit)
    {
        await _draining.CancelAsync();
        _listeners.ForEach(l => l.Dispose());
        await Task.WhenAll(_accepting);
        Task[] running;
        lock (_gate)
        {
            running = [.. _serving];
        }

        try
        {
            await Task.WhenAll(running).WaitAsync(limit);
        }
        catch (TimeoutException)
        {
            await _ending.CancelAsync();
            await Task.WhenAll(running);
        }
    }

    /// <summary>Ends everything at once.</summary>
    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        await DrainAsync(TimeSpan.FromSeconds(1));
        _room.Dispose();
        _draining.Dispose();
        _ending.Dispose();
    }

    private void Listen(IPEndPoint address)
    {
        Socket socket = new(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (address.AddressFamily == AddressFamily.InterNetworkV6 && address.Address.Equals(IPAddress.IPv6Any))
            {
                socket.DualMode = true;
            }

            // Raw, because the runtime's own option would set SO_REUSEPORT too, and then a second process would share the port unseen.
            socket.SetRawSocketOption(SolSocket, SoReuseAddress, [1, 0, 0, 0]);
            socket.Bind(address);
            socket.Listen(256);
            _listeners.Add(socket);
        }
        catch (SocketException failure)
        {
            socket.Dispose();
            throw new IOException($"failed to bind {_options.Name} server to {address}: {failure.Message}", failure);
        }
    }

    private async Task AcceptAsync(Socket listener)
    {
        while (!_draining.IsCancellationRequested)
        {
            try
            {
                await _room.WaitAsync(_draining.Token);
            }
            catch (OperationCanceledException)
            {
                return;
            }

            try
            {
                Socket client = await listener.AcceptAsync(_draining.Token);
                Track(new HttpConnection(client, _options, _handler, _log), client);
            }
            catch (Exception failure) when (failure is OperationCanceledException or ObjectDisposedException)
            {
                _room.Release();
                return;
            }
            catch (SocketException failure)
            {
                _room.Release();
                if (_draining.IsCancellationRequested)
                {
                    return;
                }

                // Out of descriptors, most likely: a pause instead of a spin.
                _log.Warn("accept failed", LogField.Of("server", _options.Name), LogField.Of("error", failure.Message));
                await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System);
            }
        }
    }

    private void Track(HttpConnection connection, Socket client)
    {
        Task serving = ServeAsync(connection, client);
        lock (_gate)
        {
            _serving.Add(serving);
        }

        _ = serving.ContinueWith(Forget, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    private void Forget(Task serving)
    {
        lock (_gate)
        {
            _serving.Remove(serving);
        }
    }

    private async Task ServeAsync(HttpConnection connection, Socket client)
    {
        await Task.Yield();
        try
        {
            await connection.RunAsync(_draining.Token, _ending.Token);
        }
        catch (Exception failure) when (failure is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The client went away or we end: nobody is left to tell.
        }
        catch (Exception failure)
        {
            _log.Error("operators' port failed", LogField.Of("server", _options.Name), LogField.Of("error", failure.ToString()));
        }
        finally
        {
            client.Dispose();
            _ = _ending.IsCancellationRequested ? 0 : _room.Release();
        }
    }
}

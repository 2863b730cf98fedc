using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Ambient.ControlPlane.Routing.Inputs;
using Ambient.Routing.Tokens;

namespace Ambient.ControlPlane.Routing.Keys;

/// <summary>Gets key sets over HTTP or HTTPS, with a look into the issuer's discovery document when no address is given. Thread-safe.</summary>
public sealed class HttpKeySetFetcher : IKeySetFetcher, IDisposable
{
    /// <summary>The largest document that is read, bytes.</summary>
    public const int MaxBytes = 1024 * 1024;

    private static readonly TimeSpan LongestTimeout = TimeSpan.FromMinutes(1);

    private readonly HttpClient _client;

    /// <summary>A fetcher.</summary>
    /// <param name="forbidden">Addresses that are never connected to; usually <see cref="ForbiddenAddresses.Contains"/>.</param>
    public HttpKeySetFetcher(Func<IPAddress, bool> forbidden)
    {
        SocketsHttpHandler handler = new()
        {
            // Looked at after the name was resolved: a name that means something else the second time gains nothing.
            ConnectCallback = (context, cancellation) => ConnectAsync(context.DnsEndPoint, forbidden, cancellation),
            UseProxy = false,
            UseCookies = false,
            MaxAutomaticRedirections = 5,
            PooledConnectionLifetime = TimeSpan.FromMinutes(1),
            MaxResponseHeadersLength = 32,
        };
        _client = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
    }

    /// <inheritdoc/>
    public async Task<string> FetchAsync(KeySource source, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(source);
        using CancellationTokenSource limited = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limited.CancelAfter(source.Timeout < LongestTimeout ? source.Timeout : LongestTimeout);
        try
        {
            string address = source.Address.Length > 0 ? source.Address : await DiscoverAsync(source.Issuer, limited.Token);
            string keys = await ReadAsync(address, limited.Token);
            return KeySetCheck.IsUsable(keys, out string? problem) ? keys : throw new KeySetException($"{address}: {problem}");
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new KeySetException($"{source.Address}{(source.Address.Length > 0 ? "" : source.Issuer)}: no answer in {source.Timeout.TotalSeconds:0.###} s");
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _client.Dispose();

    private async Task<string> DiscoverAsync(string issuer, CancellationToken cancellation)
    {
        string address = issuer.TrimEnd('/') + "/.well-known/openid-configuration";
        string document = await ReadAsync(address, cancellation);
        try
        {
            using JsonDocument json = JsonDocument.Parse(document);
            if (json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty("jwks_uri", out JsonElement uri) && uri.ValueKind == JsonValueKind.String && uri.GetString() is { Length: > 0 } found)
            {
                return found;
            }
        }
        catch (JsonException bad)
        {
            throw new KeySetException($"{address}: the discovery document is no JSON", bad);
        }

        throw new KeySetException($"{address}: the discovery document has no jwks_uri");
    }

    private async Task<string> ReadAsync(string address, CancellationToken cancellation)
    {
        if (!Uri.TryCreate(address, UriKind.Absolute, out Uri? uri) || uri.Scheme is not ("http" or "https") || uri.UserInfo.Length > 0)
        {
            throw new KeySetException($"'{address}' is no address of the form https://host/path");
        }

        try
        {
            using HttpRequestMessage request = new(HttpMethod.Get, uri);
            using HttpResponseMessage response = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
            if (response.StatusCode != HttpStatusCode.OK)
            {
                throw new KeySetException($"{address}: answered {(int)response.StatusCode}");
            }

            await using Stream body = await response.Content.ReadAsStreamAsync(cancellation);
            return await ReadAllAsync(body, address, cancellation);
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException or SocketException)
        {
            throw new KeySetException($"{address}: {failure.GetBaseException().Message}", failure);
        }
    }

    private static async Task<string> ReadAllAsync(Stream body, string address, CancellationToken cancellation)
    {
        using MemoryStream all = new();
        byte[] buffer = new byte[16 * 1024];
        while (await body.ReadAsync(buffer, cancellation) is int read and > 0)
        {
            if (all.Length + read > MaxBytes)
            {
                throw new KeySetException($"{address}: the document is larger than {MaxBytes} bytes");
            }

            all.Write(buffer, 0, read);
        }

        return Encoding.UTF8.GetString(all.GetBuffer(), 0, (int)all.Length);
    }

    private static async ValueTask<Stream> ConnectAsync(DnsEndPoint endpoint, Func<IPAddress, bool> forbidden, CancellationToken cancellation)
    {
        IPAddress[] addresses = await Dns.GetHostAddressesAsync(endpoint.Host, cancellation);
        IPAddress[] allowed = [.. addresses.Where(address => !forbidden(address))];
        if (allowed.Length == 0)
        {
            throw new IOException(addresses.Length == 0 ? $"{endpoint.Host} has no address" : $"{endpoint.Host} is at an address that nothing is fetched from");
        }

        Socket socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(allowed, endpoint.Port, cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}

using System.Net;
using System.Net.Http.Headers;
using Ambient.Kubernetes.Connections;

namespace Ambient.Kubernetes.Api;

/// <summary>Sends requests with the credential of the moment, repeats what may be repeated, and bounds time and memory. Thread-safe.</summary>
internal sealed class ApiTransport : IDisposable
{
    private readonly ClusterConnection _connection;
    private readonly ClientOptions _options;
    private readonly TimeProvider _time;
    private readonly HttpClient _http;

    // Not disposed: a request in flight gives its place back after the end, and without a wait handle there is nothing to free.
    private readonly SemaphoreSlim _places;
    private volatile Credential? _current;

    public ApiTransport(ClusterConnection connection, ClientOptions options, TimeProvider time)
    {
        (_connection, _options, _time) = (connection, options, time);
        _places = new SemaphoreSlim(options.Concurrency);
        _http = new HttpClient(connection.MakeHandler(() => _current)) { Timeout = Timeout.InfiniteTimeSpan, BaseAddress = new Uri(connection.Server.ToString().TrimEnd('/') + "/") };
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    /// <summary>Sends and reads the whole answer.</summary>
    public async Task<ApiResult<ResponseBody>> SendAsync(ApiRequest request, CancellationToken cancellation)
    {
        var delay = new RetryDelay(_options.FirstDelay, _options.LongestDelay);
        bool isRefused = false;
        while (true)
        {
            ApiResult<ResponseBody> answer = await SendOnceAsync(request, isRefused, cancellation);
            if (answer.Error is not { } error)
            {
                return answer;
            }

            if (error.Code == 401 && !isRefused)
            {
                // The token may just have been renewed.
                isRefused = true;
                continue;
            }

            bool mayRepeat = error.Code == 429 || (request.IsRead && error.IsTransient && error.Reason is not ("TooLarge" or "NoCredential"));
            if (!mayRepeat || delay.Failures + 1 >= _options.Tries)
            {
                return answer;
            }

            await Task.Delay(delay.Next(error.RetryAfter), _time, cancellation);
        }
    }

    /// <summary>Sends and gives the answer's stream; one try, for whoever watches repeats as a whole.</summary>
    public async Task<ApiResult<WatchStream>> OpenAsync(ApiRequest request, CancellationToken cancellation)
    {
        for (bool isRefused = false; ; isRefused = true)
        {
            using var limit = new Deadline(_options.RequestPatience, _time, cancellation);
            ApiResult<HttpResponseMessage> started = await StartAsync(request, isRefused, limit, cancellation);
            if (started.IsOk(out HttpResponseMessage? response, out ApiError? error))
            {
                return new(new WatchStream(response, await response.Content.ReadAsStreamAsync(cancellation)));
            }

            if (error.Code != 401 || isRefused)
            {
                return new(error);
            }
        }
    }

    private async Task<ApiResult<ResponseBody>> SendOnceAsync(ApiRequest request, bool isRefused, CancellationToken cancellation)
    {
        await _places.WaitAsync(cancellation);
        try
        {
            using var limit = new Deadline(_options.RequestPatience, _time, cancellation);
            ApiResult<HttpResponseMessage> started = await StartAsync(request, isRefused, limit, cancellation);
            if (!started.IsOk(out HttpResponseMessage? response, out ApiError? error))
            {
                return new(error);
            }

            using (response)
            {
                return await ResponseBody.ReadAsync(response.Content, _options.LongestBody, limit.Token) is { } body
                    ? new(body)
                    : new(new ApiError(0, "TooLarge", $"the answer is longer than {_options.LongestBody} bytes"));
            }
        }
        catch (Exception broken) when (IsNoAnswer(broken, cancellation))
        {
            return new(NoAnswer(broken));
        }
        finally
        {
            _places.Release();
        }
    }

    /// <summary>Sends and looks at the status; what is no success is read and turned into an error.</summary>
    private async Task<ApiResult<HttpResponseMessage>> StartAsync(ApiRequest request, bool isRefused, Deadline limit, CancellationToken cancellation)
    {
        HttpResponseMessage? response = null;
        try
        {
            Credential credential = await _connection.Credential.GetAsync(isRefused, limit.Token);
            _current = credential;
            using HttpRequestMessage message = Message(request, credential);
            response = await _http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, limit.Token);
            if (response.IsSuccessStatusCode)
            {
                return new(response);
            }

            using (response)
            {
                using ResponseBody? body = await ResponseBody.ReadAsync(response.Content, 1024 * 1024, limit.Token);
                return new(ApiError.Of(response.StatusCode, body is null ? [] : body.Bytes, Asked(response.Headers.RetryAfter)));
            }
        }
        catch (CredentialException without)
        {
            return new(new ApiError(0, "NoCredential", without.Message));
        }
        catch (Exception broken) when (IsNoAnswer(broken, cancellation))
        {
            response?.Dispose();
            return new(NoAnswer(broken));
        }
    }

    // A balancer's page may be in another coding than it says; and whoever asks may do so while the client ends.
    private static bool IsNoAnswer(Exception broken, CancellationToken cancellation) =>
        broken is HttpRequestException or IOException or InvalidDataException or ObjectDisposedException || (broken is OperationCanceledException && !cancellation.IsCancellationRequested);

    private ApiError NoAnswer(Exception broken) => broken is OperationCanceledException
        ? new ApiError(0, "NoAnswer", $"{_connection.Server} did not answer within {_options.RequestPatience.TotalSeconds:0.#} s")
        : new ApiError(0, "NoAnswer", $"{_connection.Server}: {broken.InnerException?.Message ?? broken.Message}");

    private TimeSpan? Asked(RetryConditionHeaderValue? header) => header switch
    {
        { Delta: { } delta } => delta,
        { Date: { } date } when date > _time.GetUtcNow() => date - _time.GetUtcNow(),
        _ => null,
    };

    private HttpRequestMessage Message(ApiRequest request, Credential credential)
    {
        // Relative, so that a path in the server's address (a proxy's) stays.
        var message = new HttpRequestMessage(request.Method, request.Path.TrimStart('/')) { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionOrLower };
        message.Headers.TryAddWithoutValidation("Accept", "application/json");
        message.Headers.TryAddWithoutValidation("User-Agent", _options.UserAgent);
        if (credential.Token is { } token)
        {
            message.Headers.TryAddWithoutValidation("Authorization", "Bearer " + token);
        }

        if (_connection.ServerName is { } name)
        {
            // Also the name that is asked for and checked in the handshake.
            message.Headers.Host = name;
        }

        if (!request.Body.IsEmpty)
        {
            message.Content = new ReadOnlyMemoryContent(request.Body);
            message.Content.Headers.ContentType = new MediaTypeHeaderValue(request.MediaType);
        }

        return message;
    }
}

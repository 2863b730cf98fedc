using System.Net;
using System.Text.Json;
using Ambient.Kubernetes.Resources.Json;

namespace Ambient.Kubernetes.Api;

/// <summary>Why the API server did not do what was asked. Immutable.</summary>
/// <param name="Code">HTTP status; 0 when there was no answer.</param>
/// <param name="Reason">The server's word, such as <c>Conflict</c>; <c>NoAnswer</c>, <c>Unreadable</c> and <c>NoCredential</c> are ours.</param>
/// <param name="Message">For people; holds no secret.</param>
/// <param name="RetryAfter">What the server asks to wait; null when it does not say.</param>
public sealed record ApiError(int Code, string Reason, string Message, TimeSpan? RetryAfter = null)
{
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(5);

    /// <summary>There is no such object, or no such API.</summary>
    public bool IsNotFound => Code == 404;

    /// <summary>The object changed meanwhile, another field manager owns the field, or it exists already.</summary>
    public bool IsConflict => Code == 409;

    /// <summary>Creating found it there.</summary>
    public bool IsAlreadyExists => Code == 409 && Reason == "AlreadyExists";

    /// <summary>The version asked for is too old: list again.</summary>
    public bool IsGone => Code == 410 || Reason == "Expired";

    /// <summary>We may not.</summary>
    public bool IsForbidden => Code == 403;

    /// <summary>The request was well-formed but the object is not valid.</summary>
    public bool IsInvalid => Code == 422;

    /// <summary>There was no answer, or one that a later try may better.</summary>
    public bool IsTransient => Code is 0 or 429 or 500 or 502 or 503 or 504;

    /// <inheritdoc/>
    public override string ToString() => Code == 0 ? $"{Reason}: {Message}" : $"{Code} {Reason}: {Message}";

    internal static ApiError Of(HttpStatusCode code, ReadOnlySpan<byte> body, TimeSpan? retryAfter)
    {
        ApiStatus? status = ReadStatus(body);
        TimeSpan? wait = retryAfter ?? (status?.Details?.RetryAfterSeconds is { } seconds and > 0 ? TimeSpan.FromSeconds(seconds) : null);
        return new ApiError(
            (int)code,
            status?.Reason is { Length: > 0 } reason ? reason : code.ToString(),
            status?.Message is { Length: > 0 } message ? Shorten(message) : "",
            wait > LongestWait ? LongestWait : wait);
    }

    internal static ApiError OfWatch(ReadOnlySpan<byte> statusObject)
    {
        ApiStatus? status = ReadStatus(statusObject);
        return status is null
            ? new ApiError(500, "Unreadable", "the watch ended with an error that is no Status")
            : new ApiError(status.Code == 0 ? 500 : status.Code, status.Reason ?? "", Shorten(status.Message ?? ""), status.Details?.RetryAfterSeconds is { } s and > 0 ? TimeSpan.FromSeconds(Math.Min(s, LongestWait.TotalSeconds)) : null);
    }

    private static ApiStatus? ReadStatus(ReadOnlySpan<byte> body)
    {
        try
        {
            return body.IsEmpty ? null : JsonSerializer.Deserialize(body, ResourceJson.TypeInfo<ApiStatus>());
        }
        catch (Exception foreign) when (foreign is JsonException or InvalidOperationException or FormatException)
        {
            // Proxies answer with pages of their own.
            return null;
        }
    }

    private static string Shorten(string message) => message.Length <= 1000 ? message : message[..1000];
}

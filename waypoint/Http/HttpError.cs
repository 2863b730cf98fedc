namespace Ambient.Waypoint.Http;

/// <summary>Why a message cannot be used. Immutable.</summary>
/// <param name="Status">The answer to a client.</param>
/// <param name="Details">For the log, as response_code_details.</param>
internal readonly record struct HttpError(int Status, string Details)
{
    /// <summary>The message breaks the grammar, or two readers could understand it differently.</summary>
    public static HttpError Malformed(string what) => new(400, "http1.codec_error{" + what + "}");
}

namespace Ambient.Hbone.Headers;

/// <summary>How a refused CONNECT reads in the log (ztunnel.md 2.5).</summary>
public static class HttpStatusText
{
    /// <summary>The number and its reason.</summary>
    public static string Describe(int status) => $"http status: {status} {Reason(status)}".TrimEnd();

    private static string Reason(int status) => status switch
    {
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "",
    };
}

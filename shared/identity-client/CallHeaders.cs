namespace Ambient.Identity.Client;

/// <summary>
/// The headers of calls to the control plane: token, cluster, extras (ztunnel reference sections 4.1 and 6.2). Thread-safe.
/// The token file is read for each call, because the kubelet renews it; its white space is trimmed.
/// </summary>
public sealed class CallHeaders(TokenSource? token, string clusterId, IReadOnlyList<KeyValuePair<string, string>> extra)
{
    /// <summary>Reads the headers for one call.</summary>
    /// <exception cref="InvalidDataException">The token file cannot be read or is empty.</exception>
    public async ValueTask<IReadOnlyList<KeyValuePair<string, string>>> ReadAsync(CancellationToken cancellation)
    {
        var headers = new List<KeyValuePair<string, string>>(extra.Count + 2);
        if (token is not null)
        {
            string secret = token.Path is { } path ? await ReadFileAsync(path, cancellation) : token.Literal!.Trim();
            headers.Add(KeyValuePair.Create("authorization", $"Bearer {secret}"));
            headers.Add(KeyValuePair.Create("clusterid", clusterId));
        }

        headers.AddRange(extra);
        return headers;
    }

    private static async Task<string> ReadFileAsync(string path, CancellationToken cancellation)
    {
        try
        {
            string secret = (await File.ReadAllTextAsync(path, cancellation)).Trim();
            return secret.Length > 0 ? secret : throw new InvalidDataException($"the token file {path} is empty");
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            throw new InvalidDataException($"the token file {path} cannot be read: {cause.Message}", cause);
        }
    }
}

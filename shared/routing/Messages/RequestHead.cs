namespace Ambient.Routing.Messages;

/// <summary>Method, target and fields of a request, independent of the HTTP version. Reused; not thread-safe.</summary>
public sealed class RequestHead
{
    private int _query = -1;

    /// <summary>The method, as sent.</summary>
    public string Method { get; set; } = "";

    /// <summary><c>http</c> or <c>https</c>.</summary>
    public string Scheme { get; set; } = "http";

    /// <summary>Host and port as the client sent them.</summary>
    public string Authority { get; set; } = "";

    /// <summary>Path and query, as they go on; set by <see cref="SetTarget"/>.</summary>
    public string Target { get; private set; } = "/";

    /// <summary>The fields without Host.</summary>
    public FieldList Fields { get; } = new();

    /// <summary>The path without query.</summary>
    public ReadOnlySpan<char> Path => _query < 0 ? Target : Target.AsSpan(0, _query);

    /// <summary>The query with its question mark; empty without one.</summary>
    public ReadOnlySpan<char> Query => _query < 0 ? default : Target.AsSpan(_query);

    /// <summary>Whether the content type says gRPC.</summary>
    public bool IsGrpc => Fields.TryGet("content-type", out ReadOnlySpan<char> type) && IsGrpcType(type);

    /// <summary>Sets path and query.</summary>
    public void SetTarget(string target)
    {
        Target = target;
        _query = target.IndexOf('?', StringComparison.Ordinal);
    }

    /// <summary>Replaces the path and keeps the query.</summary>
    public void SetPath(ReadOnlySpan<char> path) => SetTarget(string.Concat(path, Query));

    /// <summary>Whether a content type is <c>application/grpc</c> or one of its kinds.</summary>
    public static bool IsGrpcType(ReadOnlySpan<char> type) =>
        type.StartsWith("application/grpc", StringComparison.OrdinalIgnoreCase) && (type.Length == 16 || type[16] is '+' or ';');

    /// <summary>The first value of a query parameter, undecoded; false when it is missing.</summary>
    public bool TryGetQuery(ReadOnlySpan<char> name, out ReadOnlySpan<char> value)
    {
        ReadOnlySpan<char> rest = Query;
        while (rest.Length > 0)
        {
            rest = rest[1..];
            int end = rest.IndexOf('&');
            ReadOnlySpan<char> pair = end < 0 ? rest : rest[..end];
            int equals = pair.IndexOf('=');
            if ((equals < 0 ? pair : pair[..equals]).SequenceEqual(name))
            {
                value = equals < 0 ? default : pair[(equals + 1)..];
                return true;
            }

            rest = end < 0 ? default : rest[end..];
        }

        value = default;
        return false;
    }

    /// <summary>Makes it ready for the next request.</summary>
    public void Clear()
    {
        Method = Authority = "";
        Scheme = "http";
        SetTarget("/");
        Fields.Clear();
    }

    /// <summary>Takes over everything of another head.</summary>
    public void CopyFrom(RequestHead other)
    {
        Method = other.Method;
        Scheme = other.Scheme;
        Authority = other.Authority;
        SetTarget(other.Target);
        Fields.CopyFrom(other.Fields);
    }
}

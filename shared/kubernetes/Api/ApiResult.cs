using System.Diagnostics.CodeAnalysis;

namespace Ambient.Kubernetes.Api;

/// <summary>What came of a request: a value or an error. Immutable.</summary>
public readonly struct ApiResult<T>
    where T : class
{
    /// <summary>It worked.</summary>
    public ApiResult(T value) => Value = value;

    /// <summary>It did not.</summary>
    public ApiResult(ApiError error) => Error = error;

    /// <summary>The value; null when there is an error.</summary>
    public T? Value { get; }

    /// <summary>The error; null when there is a value.</summary>
    public ApiError? Error { get; }

    /// <summary>Whether it worked.</summary>
    public bool IsOk([NotNullWhen(true)] out T? value, [NotNullWhen(false)] out ApiError? error)
    {
        (value, error) = (Value, Error);
        return value is not null;
    }

    /// <inheritdoc/>
    public override string ToString() => Error?.ToString() ?? Value?.ToString() ?? "";
}

using System.Collections.ObjectModel;

namespace Ambient.Kubernetes.Resources.Authentication;

/// <summary>Who a caller is. Immutable.</summary>
public sealed record UserInfo
{
    /// <summary><c>username</c>.</summary>
    public string Username { get; init => field = value ?? ""; } = "";

    /// <summary><c>uid</c>.</summary>
    public string Uid { get; init => field = value ?? ""; } = "";

    /// <summary><c>groups</c>.</summary>
    public IReadOnlyList<string> Groups { get; init => field = value ?? []; } = [];

    /// <summary><c>extra</c>: for tokens of pods the pod's name and UID.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>?> Extra { get; init => field = value ?? ReadOnlyDictionary<string, IReadOnlyList<string>?>.Empty; } = ReadOnlyDictionary<string, IReadOnlyList<string>?>.Empty;
}

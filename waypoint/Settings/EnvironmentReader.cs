using System.Globalization;
using Ambient.Identity.Client;

namespace Ambient.Waypoint.Settings;

/// <summary>Reads variables; what cannot be used is noted with its name and what is allowed. For one caller.</summary>
internal sealed class EnvironmentReader(IReadOnlyDictionary<string, string> environment)
{
    private const string UsualRoots = "/var/run/secrets/istio/root-cert.pem";
    private const string UsualToken = "/var/run/secrets/tokens/istio-token";
    private readonly List<string> _errors = [];

    /// <summary>All that was wrong.</summary>
    public IReadOnlyList<string> Errors => _errors;

    public string? Find(string name) => environment.TryGetValue(name, out string? value) && value.Length > 0 ? value : null;

    public string Text(string name, string otherwise) => Find(name) ?? otherwise;

    /// <summary>One of some words; the first is meant when nothing is said.</summary>
    public string Choice(string name, params string[] allowed)
    {
        if (Find(name) is not { } value)
        {
            return allowed[0];
        }

        if (!allowed.Contains(value, StringComparer.Ordinal))
        {
            _errors.Add($"{name}: '{value}' is not known; allowed: {string.Join(", ", allowed)}");
        }

        return value;
    }

    public string Required(string name)
    {
        if (Find(name) is { } value)
        {
            return value;
        }

        _errors.Add($"{name} is not set");
        return "";
    }

    public int Number(string name, int otherwise, int least)
    {
        if (Find(name) is not { } text)
        {
            return otherwise;
        }

        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= least)
        {
            return number;
        }

        _errors.Add($"{name} must be a whole number from {least}, not '{text}'");
        return otherwise;
    }

    /// <summary>Whole seconds, or a number with a unit: <c>30s</c>, <c>5m</c>, <c>24h</c>.</summary>
    public TimeSpan Duration(string name, TimeSpan otherwise)
    {
        if (Find(name) is not { } text)
        {
            return otherwise;
        }

        string number = text.TrimEnd('s', 'm', 'h');
        if (text.Length - number.Length <= 1 && int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out int value))
        {
            return text[^1] switch { 'm' => TimeSpan.FromMinutes(value), 'h' => TimeSpan.FromHours(value), _ => TimeSpan.FromSeconds(value) };
        }

        _errors.Add($"{name} must be a duration such as 30s, 5m or 24h, not '{text}'");
        return otherwise;
    }

    /// <summary>A connection to the control plane, <c>XDS</c> or <c>CA</c>; null when its address cannot be used.</summary>
    public ControlPlaneSettings? ControlPlane(string prefix, string otherwise)
    {
        string text = Text(prefix + "_ADDRESS", otherwise);
        string full = text.Contains("://", StringComparison.Ordinal) ? text : "https://" + text;
        if (!Uri.TryCreate(full, UriKind.Absolute, out Uri? address) || address.Scheme != Uri.UriSchemeHttps || address.Host.Length == 0)
        {
            _errors.Add($"{prefix}_ADDRESS must be host:port or https://host:port, not '{text}'");
            return null;
        }

        string? token = Find("AUTH_TOKEN");
        TokenSource? source = token is null ? (File.Exists(UsualToken) ? new TokenSource(UsualToken, null) : null)
            : File.Exists(token) ? new TokenSource(token, null)
            : new TokenSource(null, token);
        return new ControlPlaneSettings(address, Text(prefix + "_ROOT_CA", UsualRoots), Find($"ALT_{prefix}_HOSTNAME"), source, Text("CLUSTER_ID", "Kubernetes"));
    }
}

using Ambient.Telemetry.Logging;

namespace Ambient.Telemetry.AccessLogs;

/// <summary>Writes the log of the DNS proxy, target <c>dns</c>, level debug, without message (reference 10.6). Thread-safe.</summary>
public sealed class DnsLogWriter(LogHub hub)
{
    private readonly Logger _logger = hub.For("dns");

    /// <summary>Whether a line would be written at all.</summary>
    public bool IsEnabled => _logger.IsEnabled(LogLevel.Debug);

    /// <summary>One line for one answered query.</summary>
    public void Answered(string? workload, string? workloadNamespace, string queryType, string domain, string result, long endpoints) => _logger.Debug(
        string.Empty,
        LogField.Of("src.workload", workload),
        LogField.Of("src.namespace", workloadNamespace),
        LogField.Bare("query", queryType),
        LogField.Bare("domain", domain),
        LogField.Of("result", result),
        LogField.Of("endpoints", endpoints));
}

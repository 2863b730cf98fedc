namespace Ambient.Ztunnel.Settings;

/// <summary>Settings, or everything that is wrong with them. Immutable.</summary>
/// <param name="Settings">The settings; null when there are errors.</param>
/// <param name="Errors">All errors.</param>
/// <param name="Warnings">Settings that are ignored, for the log.</param>
public sealed record SettingsResult(ZtunnelSettings? Settings, IReadOnlyList<SettingError> Errors, IReadOnlyList<string> Warnings);

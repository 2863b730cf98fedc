namespace Ambient.Cni.Agent.Plugins;

/// <summary>What the plugin hears. Immutable.</summary>
/// <param name="Status">200, 400 or 500, as upstream's plugin expects.</param>
/// <param name="ContentType">Type of the body.</param>
/// <param name="Body">A verdict in JSON, or the error as plain text.</param>
public sealed record PluginAnswer(int Status, string ContentType, string Body)
{
    /// <summary>An error in plain text.</summary>
    public static PluginAnswer Error(int status, string text) => new(status, "text/plain; charset=utf-8", text);
}

namespace Ambient.Cli.Output;

/// <summary>How answers are written (<c>--output</c>).</summary>
internal enum OutputFormat
{
    /// <summary>Columns for people.</summary>
    Table = 0,

    /// <summary>JSON.</summary>
    Json = 1,

    /// <summary>YAML.</summary>
    Yaml = 2,
}

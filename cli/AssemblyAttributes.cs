using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("Ambient.Cli.Tests")]
[assembly: InternalsVisibleTo("Ambient.Component.Tests")]
[assembly: InternalsVisibleTo("Ambient.Cluster.Tests")]

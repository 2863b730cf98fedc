using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("Ambient.Cli.Tests")]

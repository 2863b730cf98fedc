using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("Ambient.Ztunnel.Tests")]

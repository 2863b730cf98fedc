using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("Ambient.Hbone.Tests")]

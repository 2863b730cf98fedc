using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("Ambient.Cni.Redirection.Tests")]

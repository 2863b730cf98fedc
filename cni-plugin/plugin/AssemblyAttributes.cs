using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("Ambient.Cni.Plugin.Tests")]

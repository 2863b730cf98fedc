using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("Ambient.Cni.Agent.Tests")]
[assembly: InternalsVisibleTo("Ambient.Component.Tests")]

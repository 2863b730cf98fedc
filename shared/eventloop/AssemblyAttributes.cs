using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("Ambient.EventLoop.Tests")]

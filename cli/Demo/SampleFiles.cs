namespace Ambient.Cli.Demo;

/// <summary>The bookshop's manifests, which are part of this program. Stateless.</summary>
internal static class SampleFiles
{
    /// <summary>A file by its path below samples/bookshop.</summary>
    public static string Read(string path)
    {
        using Stream stream = typeof(SampleFiles).Assembly.GetManifestResourceStream("bookshop/" + path) ?? throw new InvalidOperationException($"samples/bookshop/{path} is not part of this program");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}

using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Ambient.Kubernetes.Manifests;

namespace Ambient.Component.Tests.Charts;

/// <summary>Renders the repository's charts with the program of eng/chart-renderer.sh, which is built when it is not there. Thread-safe.</summary>
internal static class ChartRenderer
{
    private const string Libraries = "/usr/share/gocode/src/github.com/";
    private static readonly Lock Building = new();

    /// <summary>The charts that can be installed.</summary>
    public static IReadOnlyList<string> Charts { get; } = ["base", "control-plane", "cni", "ztunnel", "ambient"];

    /// <summary>The repository.</summary>
    public static string Root { get; } = FindRoot();

    private static string Program { get; } = FindProgram();

    /// <summary>Why charts cannot be rendered; null when they can.</summary>
    public static string? Missing()
    {
        if (File.Exists(Program) || (File.Exists("/usr/bin/go") && Array.TrueForAll(["Masterminds/sprig", "ghodss/yaml", "xeipuuv/gojsonschema"], l => Directory.Exists(Libraries + l))))
        {
            return null;
        }

        return "needs the chart renderer (eng/chart-renderer.sh installs Go and builds it)";
    }

    /// <summary>The objects of a chart; fails when it cannot be rendered or is no YAML.</summary>
    public static IReadOnlyList<JsonObject> Render(string chart, string values = "", string kubernetes = "v1.31.0")
    {
        (int code, string text, string error) = Run(chart, values, "--kube-version", kubernetes);
        Assert.True(code == 0, $"{chart}: {error}");
        Assert.True(YamlDocument.TryRead(text, out IReadOnlyList<YamlDocument> documents, out YamlProblem? problem), $"{chart}: {problem}");
        return [.. documents.Select(d => JsonNode.Parse(d.Json)!.AsObject())];
    }

    /// <summary>The text of a chart, as it would be applied.</summary>
    public static string Text(string chart, string values = "")
    {
        (int code, string text, string error) = Run(chart, values);
        Assert.True(code == 0, $"{chart}: {error}");
        return text;
    }

    /// <summary>What is printed after an installation.</summary>
    public static string Notes(string chart, string values = "")
    {
        (int code, string text, string error) = Run(chart, values, "--notes");
        Assert.True(code == 0, $"{chart}: {error}");
        return text;
    }

    /// <summary>Why values are refused; fails when they are not.</summary>
    public static string Refusal(string chart, string values)
    {
        (int code, string text, string error) = Run(chart, values);
        Assert.True(code != 0, $"{chart} accepts {values}:\n{text}");
        return error;
    }

    private static (int Code, string Text, string Error) Run(string chart, string values, params string[] further)
    {
        lock (Building)
        {
            if (!File.Exists(Program))
            {
                (int built, _, string why) = Start(Path.Combine(Root, "eng/chart-renderer.sh"), []);
                Assert.True(built == 0 && File.Exists(Program), why);
            }
        }

        string file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, values.Length == 0 ? "{}" : values);
            return Start(Program, ["--chart", Path.Combine(Root, "charts", chart), "--values", file, .. further]);
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static (int Code, string Text, string Error) Start(string program, string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string text = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, text, error.GetAwaiter().GetResult());
    }

    private static string FindProgram()
    {
        byte[] source = [.. ((string[])["chart.go", "main.go", "render.go", "values.go"]).SelectMany(f => File.ReadAllBytes(Path.Combine(Root, "tests/charts/renderer", f)))];
        string version = Convert.ToHexStringLower(SHA256.HashData(source))[..12];
        return Path.Combine(Variable("AMBIENT_CACHE") ?? Path.Combine(Variable("XDG_CACHE_HOME") ?? Path.Combine(Variable("HOME") ?? "/root", ".cache"), "ambient"), "chart-renderer-" + version, "chart-renderer");
    }

    private static string? Variable(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;

    private static string FindRoot([CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../../../.."));
}

using System.Diagnostics;

namespace Ambient.House.Tests;

/// <summary>What eng/publish.sh makes of compilers that are there, that are not, and that fail; the real script with a made-up <c>dotnet</c>.</summary>
public sealed class PublishScriptTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("ambient-publish-").FullName;

    [Theory]
    [InlineData(Compiler.Works, 0, "aot", "")]
    [InlineData(Compiler.IsNoPackage, 0, "trimmed", "no ahead-of-time compiler here")]
    [InlineData(Compiler.Fails, 1, null, "error CS0103")]
    [InlineData(Compiler.ProjectIsBroken, 1, null, "error MSB4025")]
    public void CompilerThatFails_IsAnError_AndOneThatIsNotThere_AnotherForm(Compiler compiler, int code, string? form, string says)
    {
        (int ended, string errors) = Publish(compiler, []);
        Assert.Equal(code, ended);
        Assert.Contains(says, errors, StringComparison.Ordinal);
        string made = Path.Combine(_root, "artifacts/publish/plugin/form");
        Assert.Equal(form, File.Exists(made) ? File.ReadAllText(made).Trim() : null);
    }

    [Fact]
    public void TrimmedOnRequest_AsksForNoCompiler()
    {
        (int ended, string errors) = Publish(Compiler.Fails, new() { ["PLUGIN_FORM"] = "trimmed" });
        Assert.True(ended == 0, errors);
        Assert.Equal("trimmed", File.ReadAllText(Path.Combine(_root, "artifacts/publish/plugin/form")).Trim());
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private (int Code, string Errors) Publish(Compiler compiler, Dictionary<string, string> environment)
    {
        string tools = Directory.CreateDirectory(Path.Combine(_root, "tools")).FullName;
        Directory.CreateDirectory(Path.Combine(_root, "eng"));
        File.Copy(Path.Combine(Repository.Root, "eng/publish.sh"), Path.Combine(_root, "eng/publish.sh"));
        Executable(Path.Combine(tools, "gcc"), "#!/bin/sh\n");
        Executable(Path.Combine(tools, "dotnet"), """
            #!/bin/bash
            case "$*" in *AmbientAot=true*) form=aot ;; *) form=trimmed ;; esac
            if [ "$1" = restore ]; then
              [ "$COMPILER" = IsNoPackage ] && { echo "plugin.csproj : error NU1101: Unable to find package runtime.linux-x64.Microsoft.DotNet.ILCompiler."; exit 1; }
              [ "$COMPILER" = ProjectIsBroken ] && { echo "plugin.csproj : error MSB4025: The project file could not be loaded."; exit 1; }
              exit 0
            fi
            [ "$COMPILER" = Fails ] && [ "$form" = aot ] && { echo "Program.cs(1,1): error CS0103: The name does not exist" >&2; exit 1; }
            while [ $# -gt 0 ]; do [ "$1" = -o ] && output="$2"; shift; done
            mkdir -p "$output" && echo "$form" > "$output/form"

            """);
        var start = new ProcessStartInfo("bash", [Path.Combine(_root, "eng/publish.sh"), "cni-plugin/plugin"]) { RedirectStandardError = true, RedirectStandardOutput = true };
        start.Environment["PATH"] = tools + ":" + Environment.GetEnvironmentVariable("PATH");
        start.Environment["COMPILER"] = compiler.ToString();
        foreach (string name in (string[])["PLUGIN_FORM", "AGENT_FORM", "AOT_NET"])
        {
            start.Environment.Remove(name);
        }

        foreach ((string name, string value) in environment)
        {
            start.Environment[name] = value;
        }

        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        string errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, errors + output.GetAwaiter().GetResult());
    }

    private static void Executable(string path, string text)
    {
        File.WriteAllText(path, text);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    /// <summary>What the ahead-of-time compiler does.</summary>
    public enum Compiler
    {
        /// <summary>It compiles.</summary>
        Works,

        /// <summary>Its package cannot be had.</summary>
        IsNoPackage,

        /// <summary>It ends with errors.</summary>
        Fails,

        /// <summary>The project cannot even be read.</summary>
        ProjectIsBroken,
    }
}

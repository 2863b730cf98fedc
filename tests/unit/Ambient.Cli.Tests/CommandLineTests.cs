using Ambient.Cli.Commands;

namespace Ambient.Cli.Tests;

public sealed class CommandLineTests
{
    [Theory]
    [InlineData("sandbox demo --keep --no-color --only policy --ztunnel /x", true)]
    [InlineData("sandbox down", true)]
    [InlineData("sandbox down amb-1-2-3", true)]
    [InlineData("sandbox down amb-1-2-3 amb-1-2-4", false)]
    [InlineData("sandbox demo --kep", false)]
    [InlineData("sandbox demo --ztunnel", false)]
    [InlineData("sandbox hold", false)]
    [InlineData("demo", false)]
    public void Words_AreUnderstoodOrRefused(string words, bool understood) =>
        Assert.Equal(understood, RootCommands.Build().Parse(words.Split(' ')).Errors.Count == 0);

    [Fact]
    public void Ztunnel_GivenButAbsent_IsNotReplacedByAnother()
    {
        List<string> missing = [];
        Assert.Null(ProgramLocation.Find("/nowhere/ztunnel", missing));
        Assert.Contains(missing, m => m.StartsWith("there is no ztunnel at ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Only_ThatNamesNoCheck_IsAFailure_NotAnEmptySuccess() =>
        Assert.Equal(1, await DemoCommand.RunAsync(new DemoOptions(Keep: false, NoColour: true, Ztunnel: null, Only: "no such check")));
}
